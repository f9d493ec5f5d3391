"""Files of an edition: CSV, Parquet and JSON, with Frictionless and CSVW metadata."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.governance.opendata.declared import OpenDataSet
from pipelines.governance.opendata.protect import Key, Protected
from pipelines.libraries import Library

COUNT = "count"
DATA_JSON = "data.json"
COUNT_TITLE = "数量"
_FORMS = {"decade": "（年代）", "year": "（年）", "month": "（年月）"}


@dataclass(frozen=True)
class OpenEdition:
    """What is written: the declaration, columns with their titles, rows in order, the day."""

    declared: OpenDataSet
    number: int
    published_on: str
    titles: Mapping[str, str]
    rows: Sequence[Mapping[str, str | int | None]]


def titles_of(declared: OpenDataSet, library: Library) -> Mapping[str, str]:
    """Column to its title, with how far it is generalised."""
    return {
        name: library.columns[name].title + _FORMS.get(form, "")
        for name, form in declared.columns.items()
    }


def edition_of(
    declared: OpenDataSet, library: Library, protected: Protected, number: int, published_on: str
) -> OpenEdition:
    """The rows of an edition, sorted by their values, so that their order tells nothing.

    A table has a row per cell; the count of one that is suppressed is empty. Records are repeated
    as often as there are entities, without anything that numbers them.
    """
    titles = titles_of(declared, library)
    if declared.form == "table":
        cells: dict[Key, int | None] = {**dict.fromkeys(protected.suppressed), **protected.shown}
        rows = [
            {**dict(zip(titles, key, strict=True)), COUNT: n}
            for key, n in sorted(cells.items(), key=lambda each: _order(each[0]))
        ]
        return OpenEdition(declared, number, published_on, {**titles, COUNT: COUNT_TITLE}, rows)
    records = [
        dict(zip(titles, key, strict=True))
        for key, n in sorted(protected.shown.items(), key=lambda each: _order(each[0]))
        for _ in range(n)
    ]
    return OpenEdition(declared, number, published_on, titles, records)


def _order(key: Key) -> tuple[tuple[bool, str], ...]:
    return tuple((each is None, each or "") for each in key)


def published_cells(file: Path, columns: Sequence[str]) -> Mapping[Key, int]:
    """The cells of a table's ``data.json``, without the suppressed ones."""
    rows = json.loads(file.read_text(encoding="utf-8"))
    return {
        tuple(row[name] for name in columns): row[COUNT]
        for row in rows
        if row.get(COUNT) is not None
    }


def write_edition(edition: OpenEdition, folder: Path) -> None:
    """Write all files of an edition into a folder that exists."""
    names = list(edition.titles)
    with (folder / "data.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        writer.writerows([[row[name] for name in names] for row in edition.rows])
    _write_parquet(edition, folder / "data.parquet")
    _write_json(list(edition.rows), folder / DATA_JSON)
    _write_json(_datapackage(edition), folder / "datapackage.json")
    _write_json(_csvw(edition), folder / "data.csv-metadata.json")


def _write_parquet(edition: OpenEdition, path: Path) -> None:
    import pyarrow as pa  # heavy, and only needed here
    import pyarrow.parquet as pq

    types = {name: pa.int64() if name == COUNT else pa.string() for name in edition.titles}
    schema = pa.schema(list(types.items()))
    pq.write_table(pa.Table.from_pylist(list(edition.rows), schema), path, compression="zstd")


def _write_json(value: object, path: Path) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _datapackage(edition: OpenEdition) -> Mapping[str, Any]:
    """Frictionless Data Package 1."""
    declared = edition.declared
    fields = [
        {"name": name, "title": title, "type": "integer" if name == COUNT else "string"}
        for name, title in edition.titles.items()
    ]
    return {
        "name": declared.name.replace("_", "-"),
        "title": declared.title,
        "description": declared.description,
        "version": str(edition.number),
        "created": edition.published_on,
        "licenses": [{"name": declared.licence, "title": declared.licence}],
        "resources": [
            {
                "name": "data",
                "path": "data.csv",
                "profile": "tabular-data-resource",
                "encoding": "utf-8",
                "schema": {"fields": fields, "missingValues": [""]},
            }
        ],
    }


def _csvw(edition: OpenEdition) -> Mapping[str, Any]:
    """CSV on the Web, beside the file as the recommendation says."""
    columns = [
        {
            "name": name,
            "titles": {"zh": [name, title]},
            "datatype": "integer" if name == COUNT else "string",
        }
        for name, title in edition.titles.items()
    ]
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "zh"}],
        "url": "data.csv",
        "dc:title": edition.declared.title,
        "dc:description": edition.declared.description,
        "dc:license": edition.declared.licence,
        "dc:issued": edition.published_on,
        "tableSchema": {"columns": columns},
    }
