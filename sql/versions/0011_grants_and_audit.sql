-- Roles belong to the whole server; see 0001. serve_owner owns the views of grants and no more;
-- serve_login is what the service logs in as: by itself it may do nothing but note and look up
-- grants, and inherits nothing; for each request it becomes the role of one grant.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['serve_owner NOLOGIN', 'serve_login LOGIN', 'audit_sealer NOLOGIN'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = split_part(wanted, ' ', 1)) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %s NOINHERIT', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
        BEGIN
            IF NOT pg_has_role(current_user, split_part(wanted, ' ', 1), 'MEMBER') THEN
                EXECUTE format('GRANT %I TO %I', split_part(wanted, ' ', 1), current_user);
            END IF;
            EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I',
                current_database(), split_part(wanted, ' ', 1));
            IF wanted = 'serve_login LOGIN' THEN
                EXECUTE format('ALTER ROLE serve_login IN DATABASE %I SET statement_timeout = %L',
                    current_database(), '30s');
                EXECUTE format('ALTER ROLE serve_login IN DATABASE %I'
                    ' SET idle_in_transaction_session_timeout = %L', current_database(), '60s');
            END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'Have the owner of role % and of this database grant it', wanted;
        END;
    END LOOP;
END
$$;

CREATE TABLE serve.grant (
    name                text        PRIMARY KEY,
    consumer            text        NOT NULL,
    library             text        NOT NULL,
    valid_from          date        NOT NULL,
    valid_to            date        NOT NULL,
    visible_to_subject  text        NOT NULL CHECK (visible_to_subject IN ('at_once', 'later', 'never')),
    declared            jsonb       NOT NULL, -- the reviewed file
    is_active           boolean     NOT NULL DEFAULT true,
    applied_at          timestamptz NOT NULL DEFAULT now(),
    applied_by          text        NOT NULL,
    CONSTRAINT ends_after_it_begins CHECK (valid_from <= valid_to)
);
COMMENT ON TABLE serve.grant IS '授权：哪个使用方为何目的可读哪些列、哪些行、至何时；由审核过的文件生成';

CREATE TABLE serve.consumer_key (
    of_consumer text     PRIMARY KEY,
    version     integer  NOT NULL,
    prefixes    jsonb    NOT NULL,
    inner_pad   bytea    NOT NULL,
    outer_pad   bytea    NOT NULL
);
COMMENT ON TABLE serve.consumer_key IS '使用方标识密钥（HMAC 的两个填充块）：不同使用方的实体标识互不相同';

CREATE TABLE serve.own_id (
    of_consumer text NOT NULL,
    real_id     text COLLATE "C" NOT NULL,
    own_id      text COLLATE "C" NOT NULL,
    PRIMARY KEY (of_consumer, real_id)
);
CREATE UNIQUE INDEX own_id_back ON serve.own_id (of_consumer, own_id);
COMMENT ON TABLE serve.own_id IS '使用方专用的实体标识，与实体标识一一对应';

-- HMAC-SHA-256 (RFC 2104); the pads are the key, so that it stands in no statement.
CREATE FUNCTION serve.own_id_of(prefix text, entity_id text, inner_pad bytea, outer_pad bytea)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT prefix || left(encode(sha256(outer_pad || sha256(inner_pad || convert_to(entity_id, 'UTF8'))), 'hex'), 32)
$$;

CREATE TABLE serve.used_assertion (
    digest  text        PRIMARY KEY,
    expires timestamptz NOT NULL
);
COMMENT ON TABLE serve.used_assertion IS '已用过的客户端断言（jti 摘要）：每个只能用一次';

CREATE UNLOGGED TABLE serve.usage (
    grant_name text        NOT NULL,
    period     text        NOT NULL CHECK (period IN ('minute', 'day')),
    begun      timestamptz NOT NULL,
    calls      bigint      NOT NULL DEFAULT 0,
    rows       bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (grant_name, period, begun)
);
COMMENT ON TABLE serve.usage IS '用量：每个授权每分钟、每天的请求数和行数';

CREATE TABLE serve.answer (
    grant_name text        NOT NULL,
    key        text        NOT NULL,
    request    text        NOT NULL,
    status     integer     NOT NULL,
    body       jsonb       NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (grant_name, key)
);
COMMENT ON TABLE serve.answer IS '写请求的答复（Idempotency-Key）：重复的请求得到同一答复';

CREATE TABLE audit.event (
    seq        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    operation  text        NOT NULL CHECK (operation <> ''),
    grant_name text        NOT NULL DEFAULT '',
    actor      text        NOT NULL DEFAULT '',
    case_no    text        NOT NULL DEFAULT '',
    request    text        NOT NULL DEFAULT '',
    library    text        NOT NULL DEFAULT '',
    subjects   text[]      NOT NULL DEFAULT '{}',
    columns    text[]      NOT NULL DEFAULT '{}',
    rows       bigint      NOT NULL DEFAULT 0,
    outcome    text        NOT NULL,
    login      text        NOT NULL DEFAULT session_user
);
CREATE INDEX event_of_subject ON audit.event USING gin (subjects);
CREATE INDEX event_of_grant ON audit.event (grant_name, at);
COMMENT ON TABLE audit.event IS '审计日志：每次读取、授权、结论、发布、导出、发信、更正；只增不改';
COMMENT ON COLUMN audit.event.subjects IS '所涉实体的带密钥摘要';
COMMENT ON COLUMN audit.event.outcome IS '结果：ok、none、refused 加原因、canary';

CREATE TABLE audit.seal (
    no          bigint      PRIMARY KEY,
    first_seq   bigint      NOT NULL,
    last_seq    bigint      NOT NULL,
    missing     bigint[]    NOT NULL, -- numbers of transactions that were not committed when sealed
    late        bigint[]    NOT NULL, -- of those: committed since an earlier seal
    leaves      bytea       NOT NULL, -- SHA-256 of each event, in the order of their numbers
    root        bytea       NOT NULL,
    prev_hash   bytea       NOT NULL,
    hash        bytea       NOT NULL,
    mac         bytea       NOT NULL,
    key_version integer     NOT NULL,
    sealed_at   timestamptz NOT NULL,
    CONSTRAINT in_order CHECK (first_seq <= last_seq + 1)
);
COMMENT ON TABLE audit.seal IS '封存：按序封存审计日志，前后相链；改动、删除、插入任一行均可查出';

CREATE TABLE audit.canary (
    digest     text        PRIMARY KEY,
    given_to   text        NOT NULL,
    made_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE audit.canary IS '诱饵：虚构之人的证件号码摘要，只交给一个使用方；有人查询即为泄漏的证据';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.event
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.seal
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

-- The only way in for the service: it can note, and neither read nor change what was noted.
CREATE FUNCTION audit.note(
    operation text, grant_name text, actor text, case_no text, request text, library text,
    subjects text[], columns text[], rows bigint, outcome text
) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO audit.event (operation, grant_name, actor, case_no, request, library, subjects,
        columns, rows, outcome)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING seq
$$;
REVOKE ALL ON FUNCTION audit.note FROM PUBLIC;

GRANT USAGE ON SCHEMA audit TO serve_login, audit_sealer;
GRANT EXECUTE ON FUNCTION audit.note TO serve_login;
GRANT SELECT ON audit.canary TO serve_login;
GRANT SELECT (seq, at, operation, grant_name, subjects, columns, library, outcome) ON audit.event TO serve_login;
GRANT SELECT (sealed_at) ON audit.seal TO serve_login;
GRANT SELECT ON audit.event TO audit_sealer;
GRANT SELECT, INSERT ON audit.seal TO audit_sealer;

GRANT USAGE ON SCHEMA serve TO serve_login;
GRANT SELECT ON serve.grant, serve.code, serve.horizon TO serve_login;
GRANT SELECT, INSERT, DELETE ON serve.used_assertion TO serve_login;
GRANT SELECT, INSERT, UPDATE ON serve.usage TO serve_login;
GRANT SELECT, INSERT ON serve.answer TO serve_login;
GRANT USAGE ON SCHEMA quality TO serve_login;
GRANT SELECT (id, library, run, status, published_at, snapshot_ids, row_counts)
    ON quality.publication TO serve_login;

GRANT USAGE ON SCHEMA base TO serve_owner;
GRANT USAGE, CREATE ON SCHEMA serve TO serve_owner;
GRANT SELECT ON serve.grant, serve.own_id, serve.change, serve.moved TO serve_owner;
