"""Masked views in ``share``: what a department may read of the libraries without a special grant.

A view runs with its owner's rights, so ``share_reader`` needs none on ``base`` and has none.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from pipelines.clean.masking import mask_sql
from pipelines.libraries import GoldenColumn, Library
from pipelines.warehouse.base.tables import quoted
from pipelines.warehouse.server.database import run_sql

_NAME = "_name"
_ORGANIZATIONS = "0%"  # GB/T 36903-2018: the first digit of a holder type says what holds


def create_share_view(connection: Connection, library: Library) -> None:
    """Create or replace ``share.<entity>``.

    Columns keep their places and new ones come last: that way PostgreSQL replaces the view in
    place, and views that a site has built on it stay.
    """
    present = connection.execute(
        text(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'share' AND table_name = :name ORDER BY ordinal_position"
        ),
        {"name": library.entity},
    )
    statement = view_statement(library, [str(row[0]) for row in present])
    try:
        with connection.begin_nested():
            run_sql(connection, statement)
    except ProgrammingError:  # a column is gone, or its mask gives another type
        run_sql(connection, f'DROP VIEW share."{library.entity}"')
        run_sql(connection, statement)
    for comment in _comments(library):
        run_sql(connection, comment)


def view_statement(library: Library, present: Sequence[str] = ()) -> str:
    """The SQL of the view; columns that are ``present`` already come first, in that order."""
    masked = masked_columns(library)
    order = [name for name in present if name in masked]
    order += [name for name in masked if name not in order]
    columns = ",\n    ".join(f'{masked[name]} AS "{name}"' for name in order)
    source = f'base."{library.entity}"'
    statement = f'CREATE OR REPLACE VIEW share."{library.entity}" AS\nSELECT\n    {columns}\n'
    return statement + f"FROM {source}"


def dispute_statement(library: Library) -> str:
    """The SQL of ``share.<entity>_dispute``: which values are disputed, without the values."""
    entity = library.entity
    columns = "entity_id, column_name, disputed_since, due_date, disputes"
    view = f'CREATE OR REPLACE VIEW share."{entity}_dispute" AS\nSELECT {columns}\n'
    return view + f'FROM base."{entity}_dispute"'


def masked_columns(library: Library) -> dict[str, str]:
    """Column -> SQL expression with its mask.

    Source keys are left out: those of some departments are citizen ids.
    """
    columns = {"entity_id": '"entity_id"'}
    for golden in library.columns.values():
        columns[golden.name] = _masked(library, golden)
        columns |= {name: f'"{name}"' for name in golden.companion_types}
    columns |= {name: f'"{name}"' for name in library.link_columns}
    return columns | {"publication": '"publication"'}


def _masked(library: Library, golden: GoldenColumn) -> str:
    value = f'"{golden.name}"'
    kind = _holder_type(library, golden)
    if kind is None:
        return mask_sql(value, golden.element.mask)
    stem = golden.name.removesuffix(_NAME)
    organization = f"\"{kind}\" LIKE '{_ORGANIZATIONS}'"
    if "kind" in library.columns[f"{stem}_code"].companions:  # a citizen's number says otherwise
        organization += f" AND \"{stem}_code_kind\" IS DISTINCT FROM 'citizen_id'"
    return f"CASE WHEN {organization} THEN {value} ELSE {mask_sql(value, 'person_name')} END"


def _holder_type(library: Library, golden: GoldenColumn) -> str | None:
    """The column that says whose name ``golden`` holds, if it may be a person's or a firm's."""
    kind = library.columns.get(golden.name.removesuffix(_NAME) + "_type")
    is_holder = golden.name.endswith(_NAME) and kind and kind.element_name == "holder_type"
    return kind.name if kind and is_holder else None


def _comments(library: Library) -> list[str]:
    view = f'share."{library.entity}"'
    title = quoted(f"{library.title}：{library.entity_title}（脱敏视图）")
    comments = [f"COMMENT ON VIEW {view} IS {title}"]
    for golden in library.columns.values():
        mask = "" if golden.element.mask == "none" else "，已脱敏"
        mask = "，自然人已脱敏" if _holder_type(library, golden) else mask
        meaning = quoted(f"{golden.title}{mask}")
        comments.append(f'COMMENT ON COLUMN {view}."{golden.name}" IS {meaning}')
    return comments
