"""Write published tables to files that other tools read."""

from pathlib import Path
from uuid import uuid4

import ibis.expr.types as ir

from pipelines.engines.duck import arrow_reader
from pipelines.errors import UnknownFileType
from pipelines.flows.shared.session import Session, open_session
from pipelines.libraries import load_library
from pipelines.settings import Settings

EXCEL_ROWS = 1_048_575
CHUNK_ROWS = 20_000


def export_crosswalk(settings: Settings, library_name: str, to: Path) -> int:
    """``source, source_key, entity_id`` of every record that the library was built from.

    Returns:
        Rows written.

    Raises:
        TableMissing: nothing of the library is published.
        UnknownFileType: the suffix is not .parquet, .csv or .xlsx, or Excel cannot hold the rows.
    """
    library = load_library(library_name)
    with open_session(settings) as session:
        rows = session.lake.read(session.con, f"core.{library.entity}_source")
        columns = ("source", "source_key", "entity_id")
        return _write(session, rows.select(*columns).order_by("source", "source_key"), to)


def export_core(settings: Settings, library_name: str, to: Path) -> int:
    """The golden records; raises as ``export_crosswalk`` does, and returns rows written."""
    library = load_library(library_name)
    with open_session(settings) as session:
        rows = session.lake.read(session.con, f"core.{library.entity}")
        return _write(session, rows.order_by("entity_id"), to)


def _write(session: Session, rows: ir.Table, to: Path) -> int:
    """Write beside the target first, so that a reader never sees half a file."""
    writers = {".parquet": _write_parquet, ".csv": _write_csv, ".xlsx": _write_excel}
    count = int(session.con.execute(rows.count()))
    if to.suffix not in writers or (to.suffix == ".xlsx" and count > EXCEL_ROWS):
        raise UnknownFileType(to.name, count)
    draft = to.with_name(f".{uuid4().hex}{to.suffix}")
    try:
        writers[to.suffix](session, rows, draft)
        draft.replace(to)
    finally:
        draft.unlink(missing_ok=True)
    return count


def _write_parquet(session: Session, rows: ir.Table, path: Path) -> None:
    session.con.to_parquet(rows, path, compression="zstd")


def _write_csv(session: Session, rows: ir.Table, path: Path) -> None:
    session.con.to_csv(rows, path, header=True)


def _write_excel(session: Session, rows: ir.Table, path: Path) -> None:
    import xlsxwriter  # heavy, and only needed here

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options | {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, rows.columns)
        line = 1
        for batch in arrow_reader(session.con, rows, CHUNK_ROWS):
            for row in batch.to_pylist():
                sheet.write_row(line, 0, row.values())
                line += 1
