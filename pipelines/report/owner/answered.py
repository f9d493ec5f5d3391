"""What became of an owner's answers, line by line: the preview of an import, and the receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from pipelines.contracts.source import Source
from pipelines.quality.answers import APPLIED, VERDICTS, VERDICTS_EN
from pipelines.report.codes import named_code
from pipelines.report.repair_sheet.columns import WHOLE_ROW
from pipelines.report.titles import column_title, element_of
from pipelines.report.words import vocabulary
from pipelines.standards.rules import Language, load_rules

SLIPS: Final[Mapping[str, Mapping[Language, str]]] = {
    "SLIPPED_COLUMN": {
        "zh": "填写的内容像是另一种数据（如地址栏填了日期），可能填错了列",
        "en": "it looks like another kind of value, such as a date as an address",
    },
    "SLIPPED_ROW": {
        "zh": "填写的值与上下相邻行的原值相近，可能整列错了行",
        "en": "it resembles the value some rows above or below",
    },
    "SAME_SHIFT": {
        "zh": "多处日期改动的天数完全相同，可能是表格软件换算日期所致",
        "en": "many dates were moved by the same number of days",
    },
}
_COLUMNS = ("fingerprint", "place", "source", "batch", "target", "record_shown", "line", "old",
            "new", "correction", "differ", "verdict", "because", "problem")  # fmt: skip
NOTHING: Final = "（空）"


@dataclass(frozen=True)
class AnsweredLine:
    """One answer and what became of it; values are masked as in the sheet."""

    fingerprint: str
    place: str  # file, sheet and row of the sheet that came back
    source: str | None
    batch: str | None
    record: str  # its key; "" where it has none
    line: int | None  # of the delivery
    column: str  # its title, with the system's name behind
    old: str
    new: str | None  # None: no correction was typed
    differ: str  # how both differ, where masks hide it
    verdict: str
    because: str  # the rule or slip that speaks against it, or the words of who could not read it

    def why(self, language: Language = "zh") -> str:
        """What speaks against it; "" where the verdict says all."""
        if self.because in SLIPS:
            return SLIPS[self.because][language]
        rule = load_rules().get(self.because)
        return rule.problem_in(language) if rule else self.because

    def said(self, language: Language = "zh") -> str:
        """The verdict in words, and why."""
        words = (VERDICTS_EN if language == "en" else VERDICTS)[self.verdict]
        why = self.why(language)
        return f"{words}{': ' if language == 'en' else '：'}{why}" if why else words

    def whose(self, language: Language = "zh") -> str:
        """Which record: by its key, else by its line in the delivery; "" where neither is known."""
        w = vocabulary(language).words
        if self.record:
            return w["record"].format(key=self.record)
        return w["at_line"].format(line=self.line) if self.line else ""

    @property
    def change(self) -> str:
        """``old → new``, and how they differ; "" where nothing was typed."""
        if self.new is None or self.source is None:  # of no known issue there is nothing to show
            return ""
        shown = f"{self.old or NOTHING} → {self.new or NOTHING}"
        return f"{shown}（{self.differ}）" if self.differ else shown

    @property
    def is_kept(self) -> bool:
        """Whether the answer is, or would be, taken."""
        return self.verdict in APPLIED


def answered_lines(judged: pa.Table, sources: Mapping[str, Source]) -> Sequence[AnsweredLine]:
    """Column by column: a sheet may have hundreds of thousands of rows."""
    columns = [judged.column(name).to_pylist() for name in _COLUMNS]
    return [_line(*row, sources=sources) for row in zip(*columns, strict=True)]


def _line(
    fingerprint: str,
    place: str,
    source: str | None,
    batch: str | None,
    target: str | None,
    record: str | None,
    line: int | None,
    old: str | None,
    new: str | None,
    correction: str | None,
    differ: str | None,
    verdict: str,
    because: str | None,
    problem: str | None,
    *,
    sources: Mapping[str, Source],
) -> AnsweredLine:
    known = sources.get(source or "")
    title = column_title(known, target) if known and target else WHOLE_ROW if source else ""
    element = element_of(known, target) if known and known.reporting.language == "zh" else None
    return AnsweredLine(
        fingerprint=fingerprint,
        place=place,
        source=source,
        batch=batch,
        record=record or "",
        line=line,
        column=title,
        old=named_code(old or "", element),
        new=None if correction is None else named_code(new or "", element),
        differ=differ or "",
        verdict=verdict,
        because=because or problem or "",
    )
