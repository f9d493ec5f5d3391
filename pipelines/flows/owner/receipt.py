"""Receipts for repair sheets: each owner is told what became of every answer."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import Engine

from pipelines.batch import batch_key
from pipelines.contracts.source import Source
from pipelines.flows.source.report.notice import send_notice
from pipelines.mail.message import Attachment
from pipelines.quality.answers import VERDICTS
from pipelines.report.owner.answered import AnsweredLine
from pipelines.report.owner.receipt import Receipt, receipt_words, render_receipt
from pipelines.report.repair_sheet.csv import guarded
from pipelines.report.repair_sheet.write import as_file_name
from pipelines.runtime.scratch import scratch_folder
from pipelines.settings import Settings
from pipelines.warehouse.quality.outbox import RECEIPT

TITLES = ("位置", "问题编号", "数据集", "记录", "字段", "原值", "更正值", "差别", "结论", "原因")
_DIGITS = 12  # of an import's digest: the same sheet imported again has no second receipt


def send_receipts(
    settings: Settings,
    warehouse: Engine,
    lines: Sequence[AnsweredLine],
    sources: Mapping[str, Source],
    *,
    digest: str,
    files: Sequence[str],
    who: str,
) -> int:
    """Put a receipt into the outbox for every owner that a sheet is about; how many messages.

    Lines that name no known issue are told to whoever the other lines of their file belong to.

    Args:
        settings: Sender and outbox folder.
        warehouse: Where the outbox is kept.
        lines: All lines of the import.
        sources: The contracts.
        digest: Of the files' content.
        files: Their names.
        who: Has answered.
    """
    by_source: dict[str, list[AnsweredLine]] = defaultdict(list)
    for line in lines:
        if line.source in sources:
            by_source[str(line.source)].append(line)
    unknown = [line for line in lines if line.source not in sources]
    sent = 0
    for name, own in by_source.items():
        mine = [*own, *unknown] if len(by_source) == 1 else own
        answered = [line for line in mine if line.verdict != "unchanged"]
        if not answered:
            continue
        batch = max((line.batch for line in own if line.batch), key=batch_key)
        receipt = Receipt(
            sources[name], batch, files, who, answered, unanswered=len(mine) - len(answered)
        )
        sent += _send(settings, warehouse, receipt, f"{RECEIPT} {digest[:_DIGITS]}")
    return sent


def write_listing(file: Path, lines: Sequence[AnsweredLine], sources: Mapping[str, Source]) -> None:
    """Every line and what became of it as CSV, masked as in the sheet."""
    named = {name: source.title for name, source in sources.items()}
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(TITLES)
        for line in lines:
            title, whose = named.get(line.source or "", line.source), line.record or line.whose()
            cells = (line.place, line.fingerprint, title, whose, line.column, line.old, line.new,
                     line.differ, VERDICTS[line.verdict], line.why())  # fmt: skip
            writer.writerow(guarded(cell or "") for cell in cells)


def _send(settings: Settings, warehouse: Engine, receipt: Receipt, kind: str) -> int:
    mail = render_receipt(receipt, settings.report_contact)
    words = receipt_words(receipt.source.reporting.language)
    with scratch_folder(settings.scratch_dir, "receipt") as folder:
        file = folder / "receipt.csv"
        write_listing(file, receipt.lines, {receipt.source.name: receipt.source})
        name = as_file_name(f"{receipt.source.title}_{receipt.batch}_{words['list']}.csv")
        attached = [Attachment(file, name)]
        about = (receipt.source, kind, receipt.batch)
        return send_notice(settings, warehouse, *about, mail, attachments=attached)
