"""What thirty lines of SQL would do: the number, then the name with one further element."""

from pathlib import Path

import duckdb

from benchmarks.identity.world.build import RECORDS
from pipelines.libraries import load_library

_ELEMENTS = {
    "population": ("person_name", ("birth_date", "mobile", "residence_address")),
    "legal_entity": ("organization_name", ("establishment_date", "phone", "registered_address")),
}


def run(folder: Path, library: str, out: Path) -> None:
    """A record without a number takes the number of whoever shares its name and an element."""
    number = load_library(library).identity.strong
    name, elements = _ELEMENTS[library]
    own = "coalesce(r.number, {}, r.source || ' ' || r.source_key)"
    candidates = ", ".join(f"by_{element}.number" for element in elements)
    joins = " ".join(
        f"""LEFT JOIN (SELECT {name}, {element}, min({number}) AS number FROM records
            WHERE {number} IS NOT NULL AND {name} IS NOT NULL AND {element} IS NOT NULL
            GROUP BY ALL) by_{element}
            ON r.number IS NULL AND r.{name} = by_{element}.{name}
            AND r.{element} = by_{element}.{element}"""
        for element in elements
    )
    con = duckdb.connect()
    con.execute(f"CREATE VIEW records AS FROM read_parquet('{folder / RECORDS}')")
    con.execute(
        f"""COPY (
            SELECT r.source, r.source_key, {own.format(candidates)} AS cluster
            FROM (SELECT *, {number} AS number FROM records) r {joins}
        ) TO '{out / "answer.parquet"}'"""
    )
