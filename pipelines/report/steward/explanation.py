"""Explanation of an entity or a pair, for a steward: its content, and its page in HTML."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pipelines.identity.review.decisions import Decision
from pipelines.libraries import Library
from pipelines.report.steward.rule_words import rule_words
from pipelines.report.steward.side_by_side import shown_columns
from pipelines.report.steward.waterfall import Waterfall, draw
from pipelines.standards.tenths import tenths

TEMPLATES = Path(__file__).parents[1] / "templates"
VERDICT_ZH = {"same": "同一", "different": "不同", "cannot_tell": "无法判断"}
OPINION_ZH = {"first": "首次", "second": "复核", "final": "定论"}
EVENT_ZH = {
    "created": "新建",
    "absorbed": "并入记录",
    "merged": "合并到",
    "split": "拆出自",
    "retired": "停用",
    "restored": "恢复",
}


@dataclass(frozen=True)
class ExplainedRecord:
    """A record: its entity, the rule that put it there, and its values (masked by default)."""

    number: int
    record: str  # source and key, as they may be shown
    entity_id: str
    rule: str
    linked: str  # "→ 1": joined by its score against record 1
    probability: float | None
    since_batch: str
    withheld: str
    values: Mapping[str, str | None]


@dataclass(frozen=True)
class ExplainedEvent:
    """Something that happened to an id."""

    run: str
    kind: str
    entity_id: str
    other_entity_id: str
    reason: str


@dataclass(frozen=True)
class ExplainedDecision:
    """A decision, with its pair as numbers of the records above or shown keys."""

    decision: Decision
    left: str
    right: str


@dataclass(frozen=True)
class Explanation:
    """Why records are, or are not, one entity: records, events, decisions, scores.

    ``marks``: for a pair, per column whether it agrees, and how it differs. ``verdict``: what
    follows from decisions for a pair, and ``chain`` the numbers of those decisions. ``followers``:
    how many records of other libraries are linked, by what they are linked as.
    """

    library: Library
    subject: str
    entity_ids: Sequence[str]
    records: Sequence[ExplainedRecord]
    marks: Mapping[str, tuple[str, str]]
    verdict: str
    chain: Sequence[int]
    events: Sequence[ExplainedEvent]
    redirects: Sequence[str]
    decisions: Sequence[ExplainedDecision]
    followers: Mapping[str, int]
    waterfalls: Sequence[Waterfall]
    unmasked: bool

    @property
    def columns(self) -> Mapping[str, str]:
        """Columns of which some record says something: name -> Chinese term."""
        return {
            column.name: column.title
            for column in shown_columns(self.library)
            if any(each.values[column.name] is not None for each in self.records)
        }


def render_explanation(explained: Explanation, font: Path) -> str:
    """One HTML document that carries its pictures and loads nothing from elsewhere."""
    pictures = [base64.b64encode(draw(each, font)).decode() for each in explained.waterfalls]
    words = {"verdict_zh": VERDICT_ZH, "opinion_zh": OPINION_ZH, "event_zh": EVENT_ZH}
    template = _environment().get_template("explanation.html.j2")
    named = partial(rule_words, library=explained.library)
    return template.render(it=explained, pictures=pictures, words=named, **words)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tenths"] = tenths
    return environment
