"""Code tables (值域代码) as consumers read them: ``serve.code``, filled from the declarations."""

from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, text

from pipelines.standards.code_tables import TABLES_DIR, load_code_table

# Columns that hold code and name, where they are not called so.
_COLUMNS = {
    "country": ("alpha3", "name"),
    "industry_division": ("division", "name"),
    "uscc_prefix": ("prefix", "kind"),
}
_LOADED = text("""
INSERT INTO serve.code (code_table, code, name, parent, valid_from, valid_to, successor)
SELECT * FROM unnest(CAST(:code_table AS text[]), CAST(:code AS text[]), CAST(:name AS text[]),
    CAST(:parent AS text[]), CAST(:valid_from AS int[]), CAST(:valid_to AS int[]),
    CAST(:successor AS text[]))
""")


class Code(NamedTuple):
    """One code: its table, what it means, the years in which it was in force, what followed it."""

    code_table: str
    code: str
    name: str
    parent: str | None = None
    valid_from: int | None = None
    valid_to: int | None = None
    successor: str | None = None


def read_codes() -> Iterator[Code]:
    """All codes of all code tables, in the order of their files."""
    for file in sorted(TABLES_DIR.glob("*.csv")):
        yield from _of_table(file.stem)


def codes_digest() -> str:
    """Changes when a code table does."""
    return sha256(repr(list(read_codes())).encode()).hexdigest()


def load_codes(connection: Connection) -> None:
    """Make ``serve.code`` contain exactly the declared codes."""
    connection.execute(text("DELETE FROM serve.code"))
    columns = zip(*read_codes(), strict=True)
    values = dict(zip(Code._fields, (list(column) for column in columns), strict=True))
    connection.execute(_LOADED, values)


def _of_table(name: str) -> Iterator[Code]:
    table = load_code_table(name)
    code, title = _COLUMNS.get(name, ("code", "name"))
    nothing = [""] * len(table[code])
    parents = table.get("parent", table.get("section", nothing))
    years = zip(table.get("first_year", nothing), table.get("last_year", nothing), strict=True)
    rows = zip(
        table[code], table[title], parents, years, table.get("successor", nothing), strict=True
    )
    for one, words, parent, (first, last), successor in rows:
        if one:
            yield Code(
                name,
                one,
                words,
                parent or None,
                int(first or 0) or None,
                int(last or 0) or None,
                successor or None,
            )
