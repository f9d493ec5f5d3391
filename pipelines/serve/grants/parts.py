"""Parts of the SQL that a grant compiles to, which its views and its functions share."""

# ruff: noqa: S608 - names and values in these statements are those of checked declarations

from collections.abc import Mapping

from pipelines.libraries import Library
from pipelines.serve.grants.declaration import Grant, Show
from pipelines.warehouse.base.share_views import masked_columns
from pipelines.warehouse.base.tables import quoted


def is_valid(grant: Grant) -> str:
    """The condition that the grant is in force today, and was not revoked."""
    today = "(now() AT TIME ZONE 'Asia/Shanghai')::date"
    return (
        f"EXISTS (SELECT FROM serve.grant AS one_grant WHERE one_grant.name = {quoted(grant.name)}"
        f" AND one_grant.is_active AND {today} BETWEEN one_grant.valid_from AND one_grant.valid_to)"
    )


def is_allowed_row(grant: Grant, alias: str) -> str:
    """The condition that a row of the grant's library is one of those that it allows."""
    conditions = [
        "(" + " OR ".join(f'starts_with({alias}."{column}", {quoted(b)})' for b in beginnings) + ")"
        for column, beginnings in grant.rows.items()
    ]
    return " AND ".join(conditions) or "true"


def own_ids(grant: Grant, real: str, alias: str = "own", kind: str = "JOIN") -> str:
    """The join to the consumer's own ids, if it has any."""
    if grant.ids == "shared":
        return ""
    return (
        f" {kind} serve.own_id AS {alias} ON {alias}.of_consumer = {quoted(grant.consumer_name)}"
        f" AND {alias}.real_id = {real}"
    )


def shown_id(grant: Grant, real: str, alias: str = "own") -> str:
    """The id that the consumer reads for ``real``, where ``own_ids`` joined it."""
    return real if grant.ids == "shared" else f"{alias}.own_id"


def shown_link(grant: Grant, column: str) -> str:
    """The id that the consumer reads for what a link column of ``it`` points to."""
    if grant.ids == "shared":
        return f'"{column}"'
    return (
        f"(SELECT one.own_id FROM serve.own_id AS one WHERE one.of_consumer ="
        f' {quoted(grant.consumer_name)} AND one.real_id = it."{column}")'
    )


def shown_columns(grant: Grant, library: Library, columns: Mapping[str, Show]) -> str:
    """The select list: each column as it is, masked, or as the consumer's own id."""
    masks, shown = masked_columns(library), []
    for name, show in columns.items():
        if library.link_columns.get(name):
            shown.append(f'{shown_link(grant, name)} AS "{name}"')
        elif show != "absent":
            shown.append(f'{masks[name] if show == "mask" else _plain(name)} AS "{name}"')
    return ", ".join(shown)


def _plain(name: str) -> str:
    return f'it."{name}"'


def shown_array(grant: Grant) -> str:
    """The names of the columns that the grant shows, as an array of text."""
    return f"ARRAY[{', '.join(quoted(name) for name in grant.shown)}]::text[]"


def is_state(row: str) -> str:
    """The row that was read as of ``as_of``; the open one if that is NULL."""
    return (
        f"(CASE WHEN as_of IS NULL THEN {row}.to_pub IS NULL ELSE {row}.from_pub <= as_of"
        f" AND ({row}.to_pub IS NULL OR {row}.to_pub > as_of) END)"
    )
