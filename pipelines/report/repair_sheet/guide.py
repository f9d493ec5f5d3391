"""The workbook's second sheet: instructions in three steps."""

from collections.abc import Sequence

from pipelines.contracts.source import Source
from pipelines.report.repair_sheet.columns import (
    ACCEPTED,
    CONFIRMED,
    CORRECT_ALL,
    CORRECTION,
    EMPTY,
    ISSUE,
    NOTE,
    PATTERN_SHEET,
    SHEET,
    YES,
)
from pipelines.report.words import vocabulary


def sheet_guide(source: Source, batch: str, contact: str) -> Sequence[str]:
    """Title and paragraphs, in the language of the contract."""
    terms = vocabulary(source.reporting.language)
    names = {
        "title": source.title,
        "batch": batch,
        "SHEET": SHEET,
        "CORRECTION": CORRECTION,
        "EMPTY": EMPTY,
        "CONFIRMED": CONFIRMED,
        "NOTE": NOTE,
        "ISSUE": ISSUE,
        "YES": YES,
        "PATTERN_SHEET": PATTERN_SHEET,
        "ACCEPTED": ACCEPTED,
        "CORRECT_ALL": CORRECT_ALL,
    }
    lock = "guide_locked" if source.reporting.protection == "password" else "guide_masked"
    w = terms.words
    ask = f"{w['ask']}{w['colon']}{contact}" if contact else w["ask_reply"]
    return [*(each.format(**names) for each in terms.guide), terms.words[lock], ask]
