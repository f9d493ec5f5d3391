"""Write published tables to files that other tools read."""

import getpass
from pathlib import Path
from uuid import uuid4

import ibis
import ibis.expr.types as ir

from pipelines.engines.duck import arrow_reader
from pipelines.errors import UnknownFileType
from pipelines.flows.shared.session import Session, open_session
from pipelines.libraries import Library, load_library
from pipelines.settings import Settings
from pipelines.warehouse.quality.audit_events import Event, note_event

EXCEL_ROWS = 1_048_575
CHUNK_ROWS = 20_000
_FORMULA = r"^[ ]*[=+\-@\t\r\n＝＋－＠]"


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
        rows = rows.select(*columns).order_by("source", "source_key")
        return _write(session, rows, to, library, "crosswalk")


def export_core(settings: Settings, library_name: str, to: Path) -> int:
    """The golden records; raises as ``export_crosswalk`` does, and returns rows written."""
    library = load_library(library_name)
    with open_session(settings) as session:
        rows = session.lake.read(session.con, f"core.{library.entity}")
        return _write(session, rows.order_by("entity_id"), to, library, "core")


def _write(session: Session, rows: ir.Table, to: Path, library: Library, what: str) -> int:
    """Write beside the target first, so that a reader never sees half a file.

    Who exported how many rows is in the audit log before the file is there.
    """
    writers = {".parquet": _write_parquet, ".csv": _write_csv, ".xlsx": _write_excel}
    count = int(session.con.execute(rows.count()))
    if to.suffix not in writers or (to.suffix == ".xlsx" and count > EXCEL_ROWS):
        raise UnknownFileType(to.name, count)
    draft = to.with_name(f".{uuid4().hex}{to.suffix}")
    try:
        writers[to.suffix](session, rows, draft)
        _note(session, rows, library, what, count)
        draft.replace(to)
    finally:
        draft.unlink(missing_ok=True)
    return count


def guarded_text(text: ir.StringValue) -> ir.StringValue:
    """Text that no spreadsheet program runs: what begins as a formula gets an apostrophe.

    Some programs take the full-width forms for their half-width ones, and skip blanks before.
    """
    return ibis.ifelse(text.re_search(_FORMULA), ibis.literal("'") + text, text)


def _note(session: Session, rows: ir.Table, library: Library, what: str, count: int) -> None:
    event = Event(
        "export", "ok", actor=getpass.getuser(), request=what, library=library.name,
        columns=rows.columns, rows=count,
    )  # fmt: skip
    with session.warehouse.begin() as connection:
        note_event(connection, event)


def _write_parquet(session: Session, rows: ir.Table, path: Path) -> None:
    session.con.to_parquet(rows, path, compression="zstd")


def _write_csv(session: Session, rows: ir.Table, path: Path) -> None:
    texts = [name for name, kind in rows.schema().items() if kind.is_string()]
    guarded = rows.mutate(**{name: guarded_text(rows[name]) for name in texts})
    session.con.to_csv(guarded, path, header=True)


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
