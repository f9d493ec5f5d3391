-- A reading is noted under the id by which its consumer knows the entity, so that noting it takes no
-- look-up; whoever asks who read an entity asks under all of them.
CREATE FUNCTION serve.ids_of(consumer text, id text) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH one AS (
        SELECT coalesce((SELECT own.real_id FROM serve.own_id AS own
            WHERE own.of_consumer = $1 AND own.own_id = $2), $2) AS real_id
    )
    SELECT array_agg(every.id) FROM (
        SELECT real_id FROM one
        UNION ALL
        SELECT own.own_id FROM serve.own_id AS own JOIN one ON own.real_id = one.real_id
    ) AS every (id)
$$;
REVOKE ALL ON FUNCTION serve.ids_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION serve.ids_of TO serve_login;
CREATE INDEX own_id_of ON serve.own_id (real_id);
