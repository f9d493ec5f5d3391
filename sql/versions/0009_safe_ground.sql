-- PUBLIC may connect to a new database and make temporary tables in it: whoever can do that can fill
-- the disk and take advisory locks. The roles that a site grants may connect, and no more.
DO $$
BEGIN
    EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO base_reader, share_reader, quality_reader, steward',
        current_database());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'Have the owner of database % run: REVOKE CONNECT, TEMPORARY ON DATABASE % FROM PUBLIC;',
        current_database(), current_database();
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- What was looked at without masks stays noted, whoever is logged in.
CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit.% is added to, never changed', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.unmasked_reading
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
