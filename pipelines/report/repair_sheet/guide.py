"""The workbook's last sheet: instructions in three steps."""

from collections.abc import Mapping, Sequence

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


def sheet_guide(
    source: Source,
    batch: str,
    contact: str,
    *,
    patterns: bool = True,
    codes: Mapping[str, str] | None = None,
) -> Sequence[str]:
    """Title and paragraphs, in the language of the contract.

    Args:
        source: The contract.
        batch: Of the report.
        contact: Whom to ask; "" for the sender.
        codes: Title of a column to the codes that may be written there, of lists for no cell.
        patterns: Whether there is a sheet of patterns to speak of.
    """
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
    told = [each for each in terms.guide if patterns or "{PATTERN_SHEET}" not in each]
    lists = [w["guide_codes"].format(title=t, codes=each) for t, each in (codes or {}).items()]
    return [*(each.format(**names) for each in told), *lists, terms.words[lock], ask]
