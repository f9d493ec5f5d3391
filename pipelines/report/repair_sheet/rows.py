"""Lines of the repair sheet: a row with its finding as cells in the order of ``COLUMNS``."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from pipelines.contracts.source import Source
from pipelines.libraries import rules_of_library
from pipelines.quality.discrepancy import DISAGREES
from pipelines.report.repair_sheet.columns import NO, WHOLE_ROW, YES
from pipelines.report.titles import column_title, repair_text
from pipelines.report.words import vocabulary
from pipelines.standards.rules import Language, Rule

Cell = str | int | None
Line = tuple[Cell, ...]

SEVERITIES: Mapping[Language, Mapping[str, str]] = {
    "zh": {"error": "错误", "warning": "警告", "info": "提示", "critical": "严重"},
    "en": {"error": "error", "warning": "warning", "info": "info", "critical": "critical"},
}


@dataclass(frozen=True)
class SheetWords:
    """What the lines of one source are written with."""

    source: Source
    others: Mapping[str, str] = field(default_factory=dict)  # source name -> "department, title"

    @property
    def language(self) -> Language:
        """``zh`` or ``en``, from the contract."""
        return self.source.reporting.language


def sheet_lines(batches: Iterable[pa.RecordBatch], words: SheetWords) -> Iterator[Line]:
    """One line per row of ``bad_rows.masked``; the owner's own columns are empty."""
    rules = rules_of_library(words.source.library)
    severities = SEVERITIES[words.language]
    for batch in batches:
        for row in batch.to_pylist():
            rule = rules[row["rule"]]
            column = row["column"]
            yield (
                row["fingerprint"],
                row["file"],
                row["line"],
                row["source_key"],
                column_title(words.source, column) if column else WHOLE_ROW,
                row["value"],
                severities[row["severity"]],
                _problem(rule, row, words),
                repair_text(rule, column, words.source),
                None,
                None,
                None,
                YES if row["is_quarantined"] else NO,
                rule.code,
            )


def _problem(rule: Rule, row: Mapping[str, str | None], words: SheetWords) -> str:
    """The rule's words, and what another department says where the rule is about that."""
    text = rule.problem_in(words.language)
    other = row["other_source"]
    if other is None:
        return text
    name = words.others.get(other, other)
    if rule.code == DISAGREES:
        text = vocabulary(words.language).words["between_problem"].format(name=name)
    if words.language == "en":
        return f"{text} ({name} has: {row['other_value'] or '—'})"
    return f"{text}（{name}登记为：{row['other_value'] or '无'}）"
