"""The functions that a grant compiles to: look up, read by id, dossier; no more than its limits."""

# ruff: noqa: S608 - names and values in these statements are those of checked declarations

from collections.abc import Iterator

from pipelines.libraries import Library, load_libraries
from pipelines.serve.grants.declaration import Grant
from pipelines.serve.grants.parts import (
    is_allowed_row,
    is_state,
    is_valid,
    own_ids,
    shown_id,
    shown_link,
)
from pipelines.serve.grants.read import links_between
from pipelines.warehouse.base.tables import base_tables, quoted

# A look-up's plan is kept: by its estimate of ten ids it would be made anew for each call, which
# costs five times what the look-up does.
_SETTINGS = "SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan"


def function_statements(grant: Grant, library: Library) -> Iterator[tuple[str, str]]:
    """Signature and definition of each function that the operations of the grant need."""
    allowed = {*grant.operations}
    if "verify" in allowed:
        signature = f'serve."{grant.name}__verify"(jsonb)'
        yield signature, _verify(grant, library)
    if "find" in allowed:
        yield f'serve."{grant.name}__find"(jsonb)', _find(grant, library)
    if allowed & {"read", "snapshot"}:
        yield f'serve."{grant.name}__read"(text[], bigint)', _read(grant)
    if "resolve" in allowed:
        yield f'serve."{grant.name}__resolve"(text[])', _resolve(grant)
    if "dossier" in allowed:
        yield f'serve."{grant.name}__dossier"(text, bigint)', _dossier(grant, library)


def _definer(name: str, arguments: str, returns: str, body: str) -> str:
    return (
        f'CREATE FUNCTION serve."{name}"({arguments}) RETURNS {returns} LANGUAGE plpgsql STABLE'
        f" SECURITY DEFINER {_SETTINGS} AS $body$\n{body}\n$body$"
    )


def _by_lookup(grant: Grant, library: Library, query: str) -> str:
    """``query`` for each set of columns that the grant may look up by; all of a set is needed.

    In the query ``{matches}`` stands for the comparison of the set's columns.
    """
    types = base_tables(library)[0].columns
    branches = []
    for names in grant.lookup_by:
        keys = ", ".join(quoted(name) for name in sorted(names))
        matches = " AND ".join(
            f'it."{name}" = (given->>{quoted(name)})::{types[name].type}' for name in names
        )
        branches.append(f"asked = ARRAY[{keys}]::text[] THEN\n{query.format(matches=matches)}")
    choices = " or ".join(" + ".join(names) for names in grant.lookup_by)
    refusal = f"RAISE EXCEPTION {quoted('look up by ' + choices)} USING ERRCODE = '22023'"
    return f"IF {'ELSIF '.join(branches)}\nELSE {refusal};\nEND IF;"


_ASKED = """asked text[] := ARRAY(SELECT key FROM jsonb_object_keys(given) AS key
    WHERE given->>key IS NOT NULL ORDER BY key COLLATE "C");"""


def _matching(grant: Grant, library: Library) -> str:
    return (
        f'FROM base."{library.entity}" AS it{own_ids(grant, "it.entity_id")}'
        f" WHERE {{matches}} AND {is_allowed_row(grant, 'it')}"
    )


def _verify(grant: Grant, library: Library) -> str:
    """Whether exactly one entity has all the given values, and none of them is disputed."""
    query = (
        "SELECT count(*), min(one.id), bool_or(one.doubted) INTO matched, subject, doubted FROM ("
        f"SELECT {shown_id(grant, 'it.entity_id')} AS id,"
        f' EXISTS (SELECT FROM base."{library.entity}_dispute" AS doubt'
        " WHERE doubt.entity_id = it.entity_id AND doubt.column_name = ANY (asked)) AS doubted"
        f" {_matching(grant, library)} LIMIT 2) AS one;"
    )
    body = f"""DECLARE
    {_ASKED}
    matched bigint; doubted boolean;
BEGIN
    {_by_lookup(grant, library, query)}
    IF NOT {is_valid(grant)} THEN RETURN; END IF;
    answer := CASE WHEN matched = 0 THEN 'no' WHEN matched = 1 AND NOT doubted THEN 'yes'
        ELSE 'cannot_tell' END;
    RETURN NEXT;
END"""
    arguments = "given jsonb, OUT answer text, OUT subject text"
    return _definer(f"{grant.name}__verify", arguments, "SETOF record", body)


def _find(grant: Grant, library: Library) -> str:
    """The entities with the given values; more than the limit are refused, not cut."""
    most = grant.limits.rows
    query = (
        f"matched := ARRAY(SELECT {shown_id(grant, 'it.entity_id')} {_matching(grant, library)}"
        f" LIMIT {most + 1});"
    )
    body = f"""DECLARE
    {_ASKED}
    matched text[];
BEGIN
    {_by_lookup(grant, library, query)}
    IF cardinality(matched) > {most} THEN
        RAISE EXCEPTION 'more than {most} rows' USING ERRCODE = '54000';
    END IF;
    RETURN QUERY SELECT to_jsonb(shown) FROM serve."{grant.name}" AS shown
        WHERE shown.entity_id = ANY (matched) ORDER BY shown.entity_id;
END"""
    return _definer(f"{grant.name}__find", "given jsonb", "SETOF jsonb", body)


def _read(grant: Grant) -> str:
    """Rows by id; of now, or as of a publication."""
    most = grant.limits.rows
    body = f"""BEGIN
    IF cardinality(ids) > {most} THEN
        RAISE EXCEPTION 'more than {most} rows' USING ERRCODE = '54000';
    ELSIF as_of IS NULL THEN
        RETURN QUERY SELECT to_jsonb(shown) FROM serve."{grant.name}" AS shown
            WHERE shown.entity_id = ANY (ids) ORDER BY shown.entity_id;
    ELSE
        RETURN QUERY SELECT to_jsonb(shown) FROM serve."{grant.name}__history" AS shown
            WHERE shown.entity_id = ANY (ids) AND {is_state("shown")} ORDER BY shown.entity_id;
    END IF;
END"""
    arguments = "ids text[], as_of bigint DEFAULT NULL"
    return _definer(f"{grant.name}__read", arguments, "SETOF jsonb", body)


def _resolve(grant: Grant) -> str:
    """What became of ids: one JSON value each, in the order in which they were asked."""
    most = grant.limits.rows
    body = f"""BEGIN
    IF cardinality(ids) > {most} THEN
        RAISE EXCEPTION 'more than {most} rows' USING ERRCODE = '54000';
    END IF;
    RETURN QUERY SELECT jsonb_strip_nulls(jsonb_build_object('id', asked.id,
        'state', CASE WHEN one.entity_id IS NOT NULL THEN 'current'
            WHEN old.current_id IS NOT NULL THEN 'replaced'
            WHEN old.entity_id IS NOT NULL THEN 'retired' ELSE 'unknown' END,
        'replaced_by', old.current_id,
        'split_into', (SELECT jsonb_agg(DISTINCT part) FROM serve."{grant.name}__change" AS told,
            unnest(told.related) AS part WHERE told.entity_id = asked.id AND told.op = 'split')))
    FROM unnest(ids) WITH ORDINALITY AS asked (id, place)
    LEFT JOIN serve."{grant.name}" AS one ON one.entity_id = asked.id
    LEFT JOIN serve."{grant.name}__redirect" AS old ON old.entity_id = asked.id
    ORDER BY asked.place;
END"""
    return _definer(f"{grant.name}__resolve", "ids text[]", "SETOF jsonb", body)


def _dossier(grant: Grant, library: Library) -> str:
    """The entity with all that is linked with it, each as of the same publication."""
    parts = [
        f"{quoted(name)}, {_dossier_part(grant, library, load_libraries()[name])}"
        for name in grant.linked
    ]
    linked = f"jsonb_build_object({', '.join(parts)})"
    most = grant.limits.rows
    body = f"""DECLARE
    found jsonb;
BEGIN
    found := (
        SELECT jsonb_build_object('entity', to_jsonb(shown), 'linked', {linked}, 'disputed',
            coalesce((SELECT to_jsonb(now.disputed) FROM serve."{grant.name}" AS now
                WHERE now.entity_id = shown.entity_id), '[]'))
        FROM serve."{grant.name}__history" AS shown
        WHERE shown.entity_id = id AND {is_state("shown")}
    );
    IF {most} <=
        (SELECT sum(jsonb_array_length(part.value)) FROM jsonb_each(found->'linked') AS part) THEN
        RAISE EXCEPTION 'more than {most} rows' USING ERRCODE = '54000';
    END IF;
    RETURN found;
END"""
    arguments = "id text, as_of bigint DEFAULT NULL"
    return _definer(f"{grant.name}__dossier", arguments, "jsonb", body)


def _dossier_part(grant: Grant, library: Library, other: Library) -> str:
    """Theirs that point to it, and those that it points to itself, whether it shows that or not."""
    mine = [*links_between(library, other)]
    conditions = [f'part."by_{name}" = shown.entity_id' for name in links_between(other, library)]
    if mine:
        whose = (
            f'SELECT {{link}} FROM serve."{library.entity}_history" AS it'
            f"{own_ids(grant, 'it.entity_id')} WHERE {shown_id(grant, 'it.entity_id')} = id"
            f" AND {is_state('it')}"
        )
        conditions += [
            f"part.entity_id = ({whose.format(link=shown_link(grant, name))})" for name in mine
        ]
    return (
        "(SELECT coalesce(jsonb_agg(to_jsonb(part) ORDER BY part.entity_id), '[]') FROM"
        f' serve."{grant.name}__of_{other.entity}" AS part'
        f" WHERE ({' OR '.join(conditions)}) AND {is_state('part')})"
    )
