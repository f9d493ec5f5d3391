"""Rows of a filled-in sheet, read as any delivery is: workbook or text, in whatever form it comes.

The reader process, the bounds, encodings, merged cells, title rows and footers are those of intake;
a register needs no contract, for its columns are known.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.contracts.column_names import stored_name
from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.errors import MissingColumn
from pipelines.extract import Delivery, read_sample
from pipelines.extract.limits import limits_of
from pipelines.runtime.private_home import make_private
from pipelines.runtime.scratch import scratch_folder
from pipelines.settings import Settings

_BATCH = "19700101"  # a sheet is no batch


@dataclass(frozen=True)
class SheetRow:
    """A row with its place in the file; ``values`` by column, "" where the cell is empty."""

    line: int
    values: Mapping[str, str]


@dataclass(frozen=True)
class RegisterSheet:
    """What was read: records, lines that are none (with the rule that they break), remarks."""

    rows: Sequence[SheetRow]
    defects: Sequence[tuple[int, str]]
    unmapped: Sequence[str]
    remarks: Sequence[str]


def read_register(
    settings: Settings,
    file: Path,
    columns: Mapping[str, str],
    required: Collection[str],
) -> RegisterSheet:
    """Every row of a sheet.

    Args:
        settings: Limits and the scratch folder.
        file: Workbook or delimited text; the sheet that has the columns is found.
        columns: Name to title in the sheet.
        required: Names without which it is not this sheet.

    Raises:
        UnreadableDelivery: it cannot be read.
        MissingColumn: a required column is missing; the others may be.
    """
    make_private(settings.home)
    with scratch_folder(settings.scratch_dir, "register") as scratch:
        try:
            return _rows(_source(file, columns), settings, file, scratch)
        except MissingColumn as missing:
            found = {n: title for n, title in columns.items() if title not in missing.columns}
            if not found.keys() >= set(required):
                raise
            return _rows(_source(file, found), settings, file, scratch)


def _source(file: Path, columns: Mapping[str, str]) -> Source:
    return Source(
        name=file.name,
        title=file.name,
        library="",
        file=file,
        server=Server("file", "xlsx", str(file), encoding="auto", sheets=()),
        columns=[SourceColumn(name, title) for name, title in columns.items()],
        owner=Owner("", "", ()),
        delivery="snapshot",
        schedule=None,
        frequency=timedelta(days=1),
    )


def _rows(source: Source, settings: Settings, file: Path, scratch: Path) -> RegisterSheet:
    delivery: Delivery = read_sample(source, file, _BATCH, scratch, limits_of(settings))
    rows: list[SheetRow] = []
    defects: list[tuple[int, str]] = []
    for path in delivery.parquet_paths:
        for row in pq.read_table(path).to_pylist():
            if row["_defect"]:
                defects.append((row["_line"], row["_defect"]))
                continue
            values = {c.name: row[stored_name(c.physical_name)] or "" for c in source.columns}
            rows.append(SheetRow(row["_line"], values))
    return RegisterSheet(rows, defects, delivery.unmapped_columns, delivery.remarks)


def site_sheet(settings: Settings, name: str) -> Path | None:
    """The sheet of that name that the site keeps beside its declarations, if it does."""
    files = (settings.governance / f"{name}{suffix}" for suffix in (".xlsx", ".csv"))
    return next((file for file in files if file.exists()), None)
