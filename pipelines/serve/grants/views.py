"""Compile a grant to SQL: views that show what it allows, functions that look up what it allows.

Everything belongs to ``serve_owner``; the grant's role may call the functions of its operations,
and select from a view only where it may read all of it (snapshot, changes, resolve). So a login
that a site gives the role to can do no more than the service can do for it. Views are barriers:
no function of a query sees a row or a value that the view does not show.
"""

# ruff: noqa: S608 - names and values in these statements are those of checked declarations

from collections.abc import Iterator, Mapping

from pipelines.libraries import Library, load_libraries
from pipelines.serve.grants.declaration import Grant, Show
from pipelines.serve.grants.functions import function_statements
from pipelines.serve.grants.parts import (
    is_allowed_row,
    is_valid,
    own_ids,
    shown_array,
    shown_columns,
    shown_id,
    shown_link,
)
from pipelines.serve.grants.read import links_between
from pipelines.warehouse.base.tables import quoted


def view_names(grant: Grant) -> list[str]:
    """The views of a grant, those first that others are built on."""
    linked = [f"{grant.name}__of_{load_libraries()[name].entity}" for name in grant.linked]
    return [
        grant.name,
        *(f"{grant.name}__{part}" for part in ("history", "change", "redirect")),
        *linked,
    ]


def compile_grant(grant: Grant) -> list[str]:
    """SQL statements that create the grant's views and functions and give them to its role."""
    library = load_libraries()[grant.library]
    statements = [
        _view(grant.name, _current(grant, library)),
        _view(f"{grant.name}__history", _history(grant, library)),
        _view(f"{grant.name}__change", _change(grant, library)),
        _view(f"{grant.name}__redirect", _redirect(grant, library)),
    ]
    for name, columns in grant.linked.items():
        other = load_libraries()[name]
        view = f"{grant.name}__of_{other.entity}"
        statements.append(_view(view, _linked(grant, library, other, columns)))
    functions = dict(function_statements(grant, library))
    statements += functions.values()
    statements += [f'ALTER VIEW serve."{name}" OWNER TO serve_owner' for name in view_names(grant)]
    for signature in functions:
        statements += [
            f"ALTER FUNCTION {signature} OWNER TO serve_owner",
            f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC",
            f'GRANT EXECUTE ON FUNCTION {signature} TO "{grant.role}"',
        ]
    return statements + [f'GRANT SELECT ON {each} TO "{grant.role}"' for each in _readable(grant)]


def drop_statements(name: str, views: list[str]) -> Iterator[str]:
    """SQL statements that remove what ``compile_grant`` made, whatever it was then."""
    signatures = {
        "verify": "jsonb",
        "find": "jsonb",
        "read": "text[], bigint",
        "resolve": "text[]",
        "dossier": "text, bigint",
    }
    for function, arguments in signatures.items():
        yield f'DROP FUNCTION IF EXISTS serve."{name}__{function}"({arguments})'
    for view in reversed(views):
        yield f'DROP VIEW IF EXISTS serve."{view}"'


def _readable(grant: Grant) -> list[str]:
    """The views that the grant's operations show as a whole."""
    allowed = {*grant.operations}
    views = [f'serve."{grant.name}"', f'serve."{grant.name}__history"']
    readable = views if "snapshot" in allowed else []
    return [*readable, *([f'serve."{grant.name}__change"'] if "changes" in allowed else [])]


def _view(name: str, query: str) -> str:
    return f'CREATE VIEW serve."{name}" WITH (security_barrier) AS\n{query}'


def _current(grant: Grant, library: Library) -> str:
    entity = library.entity
    shown = shown_columns(grant, library, grant.shown)  # none of a grant for work orders alone
    return f"""SELECT {shown_id(grant, "it.entity_id")} AS entity_id,
    {f"{shown}, " if shown else ""}it.publication, coalesce(doubt.disputed, '{{}}') AS disputed
FROM base."{entity}" AS it{own_ids(grant, "it.entity_id")}
LEFT JOIN (
    SELECT entity_id AS of_id, array_agg(column_name ORDER BY column_name) AS disputed
    FROM base."{entity}_dispute" WHERE column_name = ANY ({shown_array(grant)}) GROUP BY 1
) AS doubt ON doubt.of_id = it.entity_id
WHERE {is_valid(grant)} AND {is_allowed_row(grant, "it")}"""


def _history(grant: Grant, library: Library) -> str:
    shown = shown_columns(grant, library, grant.shown)
    return f"""SELECT {shown_id(grant, "it.entity_id")} AS entity_id, it.from_pub, it.to_pub
    {f", {shown}" if shown else ""}
FROM serve."{library.entity}_history" AS it{own_ids(grant, "it.entity_id")}
WHERE {is_valid(grant)} AND {is_allowed_row(grant, "it")}"""


def _change(grant: Grant, library: Library) -> str:
    """Changes of rows that are, or were until then, among those that the grant allows."""
    op = "it.op"
    if grant.rows:
        before = _seen(
            grant, library, "was.from_pub < it.publication", "was.to_pub >= it.publication"
        )
        after = _seen(
            grant, library, "was.from_pub <= it.publication", "was.to_pub > it.publication"
        )
        op = f"""CASE WHEN {before} THEN
        CASE WHEN {after} OR it.op IN ('merged', 'removed') THEN it.op ELSE 'removed' END
    WHEN {after} THEN CASE WHEN it.op = 'restored' THEN it.op ELSE 'created' END END"""
    return f"""SELECT told.publication, told.seq, told.entity_id,
    CASE WHEN told.op = 'merged' AND told.related = '{{}}' THEN 'removed' ELSE told.op END AS op,
    told.columns, told.related
FROM (
    SELECT it.publication, it.seq, {shown_id(grant, "it.entity_id")} AS entity_id, {op} AS op,
        ARRAY(SELECT name FROM unnest(it.columns) AS name
            WHERE name = ANY ({shown_array(grant)})) AS columns,
        {_related(grant, library)} AS related
    FROM serve.change AS it{own_ids(grant, "it.entity_id")}
    WHERE it.library = {quoted(library.name)} AND {is_valid(grant)}
) AS told
WHERE told.op IS NOT NULL AND (told.op <> 'changed' OR told.columns <> '{{}}')"""


def _seen(grant: Grant, library: Library, begun: str, ended: str) -> str:
    return (
        f'EXISTS (SELECT FROM serve."{library.entity}_history" AS was'
        f" WHERE was.entity_id = it.entity_id AND {begun}"
        f" AND (was.to_pub IS NULL OR {ended}) AND {is_allowed_row(grant, 'was')})"
    )


def _related(grant: Grant, library: Library) -> str:
    visible = ""
    if grant.rows:
        visible = (
            f' WHERE EXISTS (SELECT FROM serve."{library.entity}_history" AS was'
            f" WHERE was.entity_id = one.id AND {is_allowed_row(grant, 'was')})"
        )
    return (
        f"ARRAY(SELECT {shown_id(grant, 'one.id', 'theirs')}"
        f" FROM unnest(it.related) WITH ORDINALITY AS one (id, place)"
        f"{own_ids(grant, 'one.id', 'theirs')}{visible} ORDER BY one.place)"
    )


def _redirect(grant: Grant, library: Library) -> str:
    entity = library.entity
    known = alive = ""
    if grant.rows:
        known = (
            f' AND EXISTS (SELECT FROM serve."{entity}_history" AS was'
            f" WHERE was.entity_id = it.entity_id AND {is_allowed_row(grant, 'was')})"
        )
        alive = f" AND {is_allowed_row(grant, 'heir')}"
    return f"""SELECT {shown_id(grant, "it.entity_id")} AS entity_id,
    {shown_id(grant, "heir.entity_id", "theirs")} AS current_id
FROM base."{entity}_redirect" AS it{own_ids(grant, "it.entity_id")}
LEFT JOIN base."{entity}" AS heir ON heir.entity_id = it.current_id{alive}
{own_ids(grant, "heir.entity_id", "theirs", "LEFT JOIN")}
WHERE {is_valid(grant)}{known}"""


def _linked(grant: Grant, library: Library, other: Library, columns: Mapping[str, Show]) -> str:
    """Entities of another library, only those that are linked with one that the grant allows."""
    main = f'serve."{library.entity}_history" AS whose'
    overlap = (
        "(whose.to_pub IS NULL OR whose.to_pub > it.from_pub)"
        " AND (it.to_pub IS NULL OR it.to_pub > whose.from_pub)"
        f" AND {is_allowed_row(grant, 'whose')}"
    )
    links = [f'whose.entity_id = it."{name}"' for name in links_between(other, library)]
    links += [f'whose."{name}" = it.entity_id' for name in links_between(library, other)]
    linked = " OR ".join(
        f"EXISTS (SELECT FROM {main} WHERE {link} AND {overlap})" for link in links
    )
    shown = shown_columns(
        grant, other, {n: show for n, show in columns.items() if show != "absent"}
    )
    behind = "".join(
        f', {shown_link(grant, name)} AS "by_{name}"' for name in links_between(other, library)
    )
    return f"""SELECT {shown_id(grant, "it.entity_id")} AS entity_id, it.from_pub, it.to_pub,
    {shown}{behind}
FROM serve."{other.entity}_history" AS it{own_ids(grant, "it.entity_id")}
WHERE {is_valid(grant)} AND ({linked})"""
