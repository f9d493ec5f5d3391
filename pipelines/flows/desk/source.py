"""One source on one page: contract, batches, findings, scores, what its owner was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Engine

from pipelines.batch import batch_key
from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.errors import UnknownSource
from pipelines.flows.desk.city import today
from pipelines.flows.shared.session import open_session
from pipelines.flows.source.attention import Attention, sources_to_look_at
from pipelines.flows.source.requirements import failed_requirements
from pipelines.report.owner.model import FailedExpectation
from pipelines.report.titles import column_title
from pipelines.settings import Settings
from pipelines.standards.rules import Language, load_rules
from pipelines.warehouse import (
    BatchRecord,
    QueuedMail,
    connect,
    read_batches,
    read_expectations,
    read_findings,
    read_mail,
    read_stopped_batches,
)
from pipelines.warehouse.quality.issues.counts import IssueCounts, count_issues
from pipelines.warehouse.quality.scores import ScoreRecord, read_scores

BATCHES = 30  # on the page, the newest; all are in quality.batch
MAILS = 20


@dataclass(frozen=True)
class FindingLine:
    """One rule that rows of the last batch break, in one column."""

    column: str  # its title, with its name in the department's system; "" for the whole row
    rule: str
    severity: str
    rows: int
    words: Mapping[str, str]  # by language


@dataclass(frozen=True)
class SourceView:
    """Everything on the page; ``failed``: expectations of the newest batch that do not hold."""

    source: Source
    batches: Sequence[BatchRecord]
    stopped: set[str]
    attention: Sequence[Attention]
    findings: Sequence[FindingLine]
    failed: Sequence[FailedExpectation]
    scores: Mapping[str, ScoreRecord]
    issues: IssueCounts
    mails: Sequence[QueuedMail]


def look_at_source(settings: Settings, name: str, language: Language = "zh") -> SourceView:
    """What is known of a source, in the reader's language and not in its owner's.

    Raises:
        UnknownSource: no contract is called so.
    """
    declared = load_sources(settings)
    if name not in declared:
        raise UnknownSource(name, sorted(declared))
    source = declared[name]
    source = replace(source, reporting=replace(source.reporting, language=language))
    engine = connect(settings)
    try:
        return _view(settings, engine, source)
    finally:
        engine.dispose()


def _view(settings: Settings, engine: Engine, source: Source) -> SourceView:
    batches = sorted(read_batches(engine, source.name), key=_order, reverse=True)
    newest = batches[0].batch if batches else ""
    scored = read_scores(engine, scope="source", subject=source.name)
    about = sources_to_look_at(settings, engine)
    mails = [one for one in read_mail(engine) if one.source == source.name]
    return SourceView(
        source,
        batches[:BATCHES],
        read_stopped_batches(engine, source.name),
        [one for one in about if one.source == source.name],
        _findings(engine, source, newest),
        _failed(settings, engine, source, batches),
        {one.run: one for one in scored},
        count_issues(engine, today(settings)).get(source.name, IssueCounts()),
        mails[::-1][:MAILS],
    )


def _order(record: BatchRecord) -> str:
    return batch_key(record.batch)


def _failed(
    settings: Settings, engine: Engine, source: Source, batches: Sequence[BatchRecord]
) -> Sequence[FailedExpectation]:
    """As the report tells them: actual and limit in one unit."""
    if not batches or batches[0].staged is None:
        return []
    judged = read_expectations(engine, subject=source.name, run=batches[0].batch)
    if all(one.success for one in judged):
        return []
    with open_session(settings) as session:
        return failed_requirements(session, source, batches[0], batches[:0:-1])


def _findings(engine: Engine, source: Source, batch: str) -> list[FindingLine]:
    rules = load_rules()
    found = read_findings(engine, source.name, batch) if batch else []
    lines = [
        FindingLine(
            column_title(source, one.column_name or None),
            one.rule,
            one.severity,
            one.row_count,
            {"zh": rules[one.rule].zh, "en": rules[one.rule].en} if one.rule in rules else {},
        )
        for one in found
    ]
    return sorted(lines, key=lambda line: (line.severity == "info", -line.rows, line.rule))
