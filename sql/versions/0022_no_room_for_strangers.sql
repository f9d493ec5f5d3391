-- Large objects and messages in the write-ahead log: whoever may connect may make them, and fill the
-- disk. Nothing of baselib uses either. Only the server's superuser can take that away.
DO $$
DECLARE
    wanted regprocedure;
BEGIN
    FOR wanted IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace
            AND proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lo_open', 'lowrite',
                'lo_truncate', 'lo_truncate64', 'lo_unlink', 'pg_logical_emit_message')
    LOOP
        IF pg_has_role(current_user, (SELECT proowner FROM pg_proc WHERE oid = wanted), 'USAGE') THEN
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', wanted);
        END IF;
    END LOOP;
    IF has_function_privilege('public', 'pg_catalog.lo_create(oid)', 'EXECUTE') THEN
        RAISE NOTICE 'Have a superuser revoke EXECUTE on pg_catalog.lo_create and its kin from PUBLIC';
    END IF;
END
$$;
