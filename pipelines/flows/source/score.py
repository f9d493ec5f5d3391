"""Score a batch of a source, and a library: GB/T 36344, from findings and expectations.

A source is scored after its check, whatever its result; a library after its sources have been
compared. The latest comparison counts for the latest batch of a source: it is scored again then.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pipelines.batch import batch_date, batch_key
from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.flows.shared.batches import has_rows, staged_batch
from pipelines.flows.shared.ownership import refuse_publication_of_another, working_on
from pipelines.flows.shared.results import ScoreResult
from pipelines.flows.shared.session import Session, open_session
from pipelines.libraries import Library, load_library
from pipelines.quality.measure import (
    Delivered,
    batch_facts,
    count_batch,
    count_deliveries,
    count_outcomes,
    identifying_columns,
)
from pipelines.quality.score import (
    Count,
    Scope,
    Score,
    add_up,
    score_batch,
    score_columns,
    score_counts,
)
from pipelines.settings import Settings
from pipelines.standards.rules import load_rules
from pipelines.warehouse import (
    read_batches,
    read_expectations,
    read_publications,
    read_stopped_batches,
)
from pipelines.warehouse.quality.library_inputs import finish_library_run
from pipelines.warehouse.quality.scores import read_counts, read_scores, record_score, scoring_lock

# Indicators of the rules of ``compare``. No rule of a column has one of them: what a comparison
# counted can be told from what the batch itself counted, and be counted anew.
COMPARED = ("0104", "0304", "0401")


def score(settings: Settings, source: Source, batch: str) -> ScoreResult:
    """Score one batch of a source, and its department with it.

    A batch that could not be landed or staged has no score: the failed task tells the engineer.
    """
    with (
        open_session(settings, keeps_sql=True) as session,
        working_on(session, source),
        session.timed(source.name, batch, "score"),
    ):
        if not has_rows(session, source.name, batch):
            return ScoreResult(source.name, batch, None, "")
        if batch in read_stopped_batches(session.warehouse, source.name):
            return ScoreResult(source.name, batch, None, "")
        counts = [*_own_counts(session, source, batch), *_compared_counts(session, source, batch)]
        scored = _keep_source(session, source, batch, counts)
        _score_department(session, source.department, batch)
        return ScoreResult(source.name, batch, scored.score, scored.grade)


def score_library(settings: Settings, library_name: str, run: str) -> ScoreResult:
    """Score a library: its sources together, and its golden records.

    Raises:
        TableMissing: nothing of the library is published.
        MadeByAnotherRun: what is published is of another run.
    """
    library = load_library(library_name)
    with (
        open_session(settings, keeps_sql=True) as session,
        session.timed(library.name, run, "score"),
    ):
        refuse_publication_of_another(session, library, run)
        agreed = _agreement(session, library)
        latest = _latest_runs(session)
        counts: list[Count] = []
        for source in _sources_of(session, library):
            if source.name in latest:
                compared = agreed.get(source.name, [])
                counts += _score_again(session, source, latest[source.name], compared)
        for department in {source.department for source in _sources_of(session, library)}:
            batches = [
                latest[s.name] for s in _of_department(session, department) if s.name in latest
            ]
            if batches:
                _score_department(session, department, max(batches, key=batch_key))
        counts += _golden_counts(session, library, run)
        scored = _keep(session, "library", library.name, run, counts)
        finish_library_run(session.warehouse, library.name, run)
        return ScoreResult(library.name, run, scored.score, scored.grade)


def _own_counts(session: Session, source: Source, batch: str) -> list[Count]:
    """What the rows of the batch, its expectations and its arrival count for."""
    staged, quarantined = staged_batch(session, source.name, batch)
    batches = read_batches(session.warehouse, source.name)
    (record,) = (each for each in batches if each.batch == batch)
    delivered = Delivered(
        record.staged or 0,
        record.superseded or 0,
        record.quarantined or 0,
        len(record.unmapped_columns),
    )
    facts = batch_facts(staged, quarantined, source, batch_date(batch))
    outcomes = read_expectations(session.warehouse, subject=source.name, run=batch, layer="source")
    until = batch_date(batch)
    days = [day for each in batches if (day := batch_date(each.batch)) <= until]
    return [
        *count_batch(session.con.to_pyarrow(facts).to_pylist(), source, delivered),
        *count_outcomes(outcomes, delivered.landed),
        *count_deliveries(days, until, source.frequency),
    ]


def _compared_counts(session: Session, source: Source, batch: str) -> list[Count]:
    """Counts of the last comparison; of an earlier batch, those that were kept then."""
    later = [r.run for r in read_scores(session.warehouse, scope="source", subject=source.name)]
    if later and later[-1] != batch and batch in later:
        return _of_comparison(session, source.name, batch)
    return _agreement(session, load_library(source.library)).get(source.name, [])


def _of_comparison(session: Session, source: str, batch: str) -> list[Count]:
    kept = read_counts(session.warehouse, scope="source", subject=source, run=batch)
    return [count for count in kept if _is_compared(count)]


def _is_compared(count: Count) -> bool:
    return count.indicator in COMPARED and bool(count.column_name)


def _agreement(session: Session, library: Library) -> Mapping[str, list[Count]]:
    """Per source, what the last comparison of the library counts for."""
    table = f"identity.{library.entity}_agreement"
    found: dict[str, list[Count]] = defaultdict(list)
    if session.lake.has(table):
        rules = load_rules()
        for row in session.con.to_pyarrow(session.lake.read(session.con, table)).to_pylist():
            column, indicator = row["column_name"], rules[row["rule"]].indicator
            element = library.columns[column].element_name if column in library.columns else ""
            count = Count(indicator, column, element, row["agreed"], row["compared"])
            found[row["source"]].append(count)
    return {name: add_up(counts) for name, counts in found.items()}


def _score_again(
    session: Session, source: Source, batch: str, agreed: Sequence[Count]
) -> list[Count]:
    """The counts of a source's latest batch with those of the new comparison, kept as its score."""
    kept = read_counts(session.warehouse, scope="source", subject=source.name, run=batch)
    counts = [*(count for count in kept if not _is_compared(count)), *agreed]
    _keep_source(session, source, batch, counts)
    return counts


def _score_department(session: Session, department: str, run: str) -> None:
    """The latest batches of all sources of a department, together."""
    warehouse = session.warehouse
    with scoring_lock(warehouse, f"department {department}"):
        latest = _latest_runs(session)
        counts = [
            count
            for source in _of_department(session, department)
            if source.name in latest
            for count in read_counts(
                warehouse, scope="source", subject=source.name, run=latest[source.name]
            )
        ]
        _keep(session, "department", department, run, counts)


def _golden_counts(session: Session, library: Library, run: str) -> list[Count]:
    outcomes = read_expectations(session.warehouse, subject=library.name, run=run, layer="library")
    published = read_publications(session.warehouse, library.name)
    rows = published[-1].row_counts[library.entity] if published else 0
    return count_outcomes(outcomes, rows)


def _keep_source(session: Session, source: Source, batch: str, counts: Sequence[Count]) -> Score:
    added, weights = add_up(counts), source.quality_weights
    identifying = identifying_columns(source, load_library(source.library))
    whole = score_batch(added, identifying, weights)
    scores = {"": whole, **score_columns(added, weights)}
    about = {"subject": source.name, "run": batch}
    record_score(session.warehouse, scope="source", **about, counts=added, scores=scores)
    return whole


def _keep(session: Session, scope: Scope, subject: str, run: str, counts: Sequence[Count]) -> Score:
    added = add_up(counts)
    whole = score_counts(added)
    scores = {"": whole, **score_columns(added)}
    record_score(
        session.warehouse, scope=scope, subject=subject, run=run, counts=added, scores=scores
    )
    return whole


def _latest_runs(session: Session) -> dict[str, str]:
    return {r.subject: r.run for r in read_scores(session.warehouse, scope="source")}


def _sources_of(session: Session, library: Library) -> list[Source]:
    return [s for s in load_sources(session.settings).values() if s.library == library.name]


def _of_department(session: Session, department: str) -> list[Source]:
    return [s for s in load_sources(session.settings).values() if s.department == department]
