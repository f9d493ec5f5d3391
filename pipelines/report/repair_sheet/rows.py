"""Lines of the repair sheet: a row with its finding as cells in the order of ``COLUMNS``."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from pipelines.contracts.source import Source
from pipelines.libraries import rules_of_library
from pipelines.quality.discrepancy import DISAGREES
from pipelines.report.codes import named_code
from pipelines.report.repair_sheet.columns import NO, WHOLE_ROW, YES
from pipelines.report.titles import column_title, element_of, repair_text
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
                row["fingerprint"],
                rule.code,
            )


def _problem(rule: Rule, row: Mapping[str, str | None], words: SheetWords) -> str:
    """The rule's words, and what the other value is: of another department, or of the same row."""
    w = vocabulary(words.language).words
    text, other = rule.problem_in(words.language), row["other_source"]
    facts = [differ] if (differ := row.get("differ")) else []
    if other is None:
        if row.get("beside"):
            title = column_title(words.source, row["beside"])
            facts.append(f"{title}{w['colon']}{row['beside_value'] or w['none_value']}")
        return _with_facts(text, facts, w)
    name = words.others.get(other, other)
    if rule.code == DISAGREES:
        text = w["between_problem"].format(name=name)
    if not row["other_value"] or shows_something(row["other_value"]):
        value, has = row["other_value"] or w["none_value"], ""
        if rule.code == DISAGREES:
            value = named_code(value, element_of(words.source, row["column"]), words.language)
            has = w["they_have"]
        facts.append(f"{name}{has}{w['colon']}{value}")
    return _with_facts(text, facts, w)


def _with_facts(text: str, facts: Sequence[str], w: Mapping[str, str]) -> str:
    return f"{text}{w['open']}{w['semicolon'].join(facts)}{w['close']}" if facts else text


def shows_something(masked: str) -> bool:
    """Whether more is left of a value than asterisks."""
    return bool(masked.strip("*"))
