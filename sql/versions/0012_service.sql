-- The log speaks of entities by one name, whatever the consumer calls them.
CREATE FUNCTION serve.real_ids(consumer text, ids text[]) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(own.real_id ORDER BY own.real_id), '{}') FROM serve.own_id AS own
    WHERE own.of_consumer = $1 AND own.own_id = ANY ($2)
$$;
REVOKE ALL ON FUNCTION serve.real_ids FROM PUBLIC;
GRANT EXECUTE ON FUNCTION serve.real_ids TO serve_login;

CREATE TABLE serve.dispute_request (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grant_name  text        NOT NULL,
    entity_id   text        COLLATE "C" NOT NULL,
    column_name text        NOT NULL,
    reason      text        NOT NULL CHECK (btrim(reason) <> ''),
    raised_by   text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    taken_at    timestamptz,
    outcome     text
);
COMMENT ON TABLE serve.dispute_request IS '收到的异议：使用方经服务接口提出，由 baselib dispute take 转为异议；含自由文本，不授权查询';
GRANT INSERT (grant_name, entity_id, column_name, reason, raised_by), SELECT (id)
    ON serve.dispute_request TO serve_login;

-- A number only: every answer names the publication that it is of.
CREATE FUNCTION serve.last_publication() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(max(id), 0) FROM quality.publication
$$;

-- What people and runs do is noted where it is written: no way of writing it goes past the log.
CREATE FUNCTION audit.note_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    written jsonb := to_jsonb(NEW);
BEGIN
    PERFORM audit.note(TG_ARGV[0], '', coalesce(written->>TG_ARGV[1], ''),
        coalesce(written->>TG_ARGV[2], ''), '', coalesce(written->>'library', ''), '{}', '{}', 1,
        coalesce(written->>TG_ARGV[3], 'ok'));
    RETURN NULL;
END
$$;
CREATE TRIGGER is_noted AFTER INSERT ON identity.decision
    FOR EACH ROW EXECUTE FUNCTION audit.note_row('decision', 'decided_by', 'act', 'verdict');
CREATE TRIGGER is_noted AFTER INSERT ON identity.revocation
    FOR EACH ROW EXECUTE FUNCTION audit.note_row('revocation', 'revoked_by', 'act', '');
CREATE TRIGGER is_noted AFTER INSERT ON quality.id_approval
    FOR EACH ROW EXECUTE FUNCTION audit.note_row('approval', 'approved_by', 'run', '');
CREATE TRIGGER is_noted AFTER INSERT ON quality.publication
    FOR EACH ROW EXECUTE FUNCTION audit.note_row('publication', '', 'run', 'status');
CREATE TRIGGER is_noted AFTER INSERT ON quality.repair_import
    FOR EACH ROW EXECUTE FUNCTION audit.note_row('repair', 'made_by', 'digest', '');
CREATE TRIGGER is_noted AFTER INSERT ON quality.dispute_event
    FOR EACH ROW EXECUTE FUNCTION audit.note_row('dispute answer', 'who', 'dispute_id', 'kind');
CREATE TRIGGER is_noted AFTER INSERT ON audit.unmasked_reading
    FOR EACH ROW EXECUTE FUNCTION audit.note_row('unmasked reading', 'read_by', 'id', '');
CREATE TRIGGER is_noted AFTER UPDATE OF outcome ON quality.mail_attempt
    FOR EACH ROW WHEN (NEW.outcome IS DISTINCT FROM OLD.outcome)
    EXECUTE FUNCTION audit.note_row('mail', '', 'mail_id', 'outcome');

-- On a server where baselib is no superuser, who makes a role is its administrator and no more; to hand
-- views to serve_owner, and to seal as audit_sealer, it has to be able to become them.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['serve_owner', 'audit_sealer'] LOOP
        IF NOT pg_has_role(current_user, wanted, 'SET') OR NOT pg_has_role(current_user, wanted, 'USAGE') THEN
            BEGIN
                EXECUTE format('GRANT %I TO %I WITH INHERIT TRUE, SET TRUE', wanted, current_user);
            EXCEPTION WHEN insufficient_privilege THEN
                RAISE NOTICE 'Have the owner of role % run: GRANT % TO %;', wanted, wanted, current_user;
            END;
        END IF;
    END LOOP;
END
$$;
