CREATE SCHEMA IF NOT EXISTS identity;
COMMENT ON SCHEMA identity IS '身份判定：数据管理员的人工结论（只增不改）';

-- As the roles of 0001: no login, granted by the site to its stewards' own logins.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'steward') THEN
        BEGIN
            CREATE ROLE steward NOLOGIN NOINHERIT;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
    -- baselib writes decisions as steward, so that not even a defect of it can do more
    IF NOT pg_has_role(current_user, 'steward', 'MEMBER') THEN
        BEGIN
            EXECUTE format('GRANT steward TO %I', current_user);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'Have the owner of role steward run: GRANT steward TO %;', current_user;
        END;
    END IF;
END
$$;

CREATE TABLE identity.decision (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    act          text             NOT NULL CHECK (act <> ''),
    library      text             NOT NULL,
    question     text             NOT NULL,
    left_source  text COLLATE "C" NOT NULL,
    left_key     text COLLATE "C" NOT NULL,
    right_source text COLLATE "C" NOT NULL,
    right_key    text COLLATE "C" NOT NULL,
    opinion      text             NOT NULL CHECK (opinion IN ('first', 'second', 'final')),
    verdict      text             NOT NULL CHECK (verdict IN ('same', 'different', 'cannot_tell')),
    reason       text             NOT NULL CHECK (btrim(reason) <> ''),
    decided_by   text             NOT NULL CHECK (btrim(decided_by) <> ''),
    cause        text             NOT NULL CHECK (cause IN
                     ('potential_match', 'conflict', 'budget', 'audit', 'unmerge', 'move')),
    basis        text             NOT NULL DEFAULT '',
    probability  double precision CHECK (probability BETWEEN 0 AND 1),
    stratum      text             NOT NULL DEFAULT '',
    model        text             NOT NULL DEFAULT '',
    decided_at   timestamptz      NOT NULL DEFAULT now(),
    login        text             NOT NULL DEFAULT session_user,
    CONSTRAINT pair_in_order CHECK ((left_source, left_key) < (right_source, right_key))
);
CREATE INDEX decision_by_library ON identity.decision (library, id);
CREATE INDEX decision_by_act ON identity.decision (act);
COMMENT ON TABLE identity.decision IS '人工结论：两条来源记录是否同一实体，谁、何时、为何';
COMMENT ON COLUMN identity.decision.act IS '操作编号：同一条命令写入的结论同号，撤销以此为单位';
COMMENT ON COLUMN identity.decision.question IS '所答问题的编号';
COMMENT ON COLUMN identity.decision.opinion IS 'first 首次，second 盲复核，final 复核不一致后的定论';
COMMENT ON COLUMN identity.decision.cause IS '提问原因';
COMMENT ON COLUMN identity.decision.basis IS '判定时两条记录内容的带密钥摘要，用于识别记录是否已变';
COMMENT ON COLUMN identity.decision.stratum IS '抽查分层，用于准确率下限';
COMMENT ON COLUMN identity.decision.model IS '判定时匹配规则与模型的摘要';
COMMENT ON COLUMN identity.decision.login IS '数据库登录名，由数据库填写';

CREATE TABLE identity.revocation (
    decision   bigint      PRIMARY KEY REFERENCES identity.decision,
    act        text        NOT NULL CHECK (act <> ''),
    reason     text        NOT NULL CHECK (btrim(reason) <> ''),
    revoked_by text        NOT NULL CHECK (btrim(revoked_by) <> ''),
    revoked_at timestamptz NOT NULL DEFAULT now(),
    login      text        NOT NULL DEFAULT session_user
);
COMMENT ON TABLE identity.revocation IS '撤销：每条结论至多撤销一次，撤销本身也是事实';

-- Grants keep the steward from changing the past; this keeps everybody from it.
CREATE FUNCTION identity.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'identity.% is append-only: revoke the decision instead', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON identity.decision
    FOR EACH STATEMENT EXECUTE FUNCTION identity.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON identity.revocation
    FOR EACH STATEMENT EXECUTE FUNCTION identity.refuse_change();

-- Not id, time and login: those the database writes.
GRANT USAGE ON SCHEMA identity TO steward;
GRANT SELECT ON identity.decision, identity.revocation TO steward;
GRANT INSERT (act, library, question, left_source, left_key, right_source, right_key, opinion, verdict,
              reason, decided_by, cause, basis, probability, stratum, model)
    ON identity.decision TO steward;
GRANT INSERT (decision, act, reason, revoked_by) ON identity.revocation TO steward;

CREATE TABLE audit.unmasked_reading (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    library text        NOT NULL,
    subject text        NOT NULL,
    records integer     NOT NULL,
    purpose text        NOT NULL CHECK (btrim(purpose) <> ''),
    read_by text        NOT NULL CHECK (btrim(read_by) <> ''),
    read_at timestamptz NOT NULL DEFAULT now(),
    login   text        NOT NULL DEFAULT session_user
);
COMMENT ON TABLE audit.unmasked_reading IS '明文查看记录：谁、何时、为何查看了哪个实体的未脱敏内容';

CREATE TABLE quality.identity_accuracy (
    library         text             NOT NULL,
    run             text             NOT NULL,
    model           text             NOT NULL,
    confidence      double precision NOT NULL,
    links           bigint           NOT NULL,
    sampled         bigint           NOT NULL,
    precision_mean  double precision,
    precision_lower double precision NOT NULL,
    recall_mean     double precision,
    recall_lower    double precision NOT NULL,
    strata          jsonb            NOT NULL,
    measured_at     timestamptz      NOT NULL DEFAULT now(),
    PRIMARY KEY (library, run)
);
COMMENT ON TABLE quality.identity_accuracy IS '身份判定准确率：由人工抽查得出的 Wilson 置信下限';
