"""What was measured, read from the warehouse for the registers and the evaluation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import Engine

from pipelines.batch import batch_date
from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.flows.governance.catalogue import Catalogue, derive_catalogue
from pipelines.flows.governance.sharing.requests import judged_requests
from pipelines.governance.duties import DueDuty, judge_duties, limits_of_site
from pipelines.governance.element_register import (
    Agreement,
    RegisteredElement,
    register_elements,
)
from pipelines.governance.evaluation import Facts, GrantFacts, SourceFacts
from pipelines.governance.resources.reviews import duties_of_reviews, read_reviews
from pipelines.governance.sharing.register import JudgedRequest
from pipelines.libraries import libraries_in_order, load_libraries
from pipelines.quality.measure import count_deliveries
from pipelines.settings import Settings
from pipelines.standards.working_days import load_working_calendar
from pipelines.warehouse import connect, read_batches
from pipelines.warehouse.people.disputes import read_disputes
from pipelines.warehouse.quality.grant_usage import read_grant_usage
from pipelines.warehouse.quality.issues.answers_in_time import read_answers_in_time
from pipelines.warehouse.quality.scores import ScoreRecord, read_counts, read_scores

_SAME_DATA = "0401"  # 相同数据一致性: agrees with the authoritative source


def active_sources(settings: Settings) -> list[Source]:
    """The sources whose contracts are in force, by name."""
    return [each for each in load_sources(settings).values() if each.status == "active"]


def element_register(settings: Settings) -> list[RegisteredElement]:
    """The register of data elements with what was measured last.

    Raises:
        ContractsRefused: no contract can be used.
        DatabaseUnavailable: the warehouse cannot be reached.
    """
    engine = connect(settings)
    try:
        return _elements(engine, active_sources(settings))
    finally:
        engine.dispose()


def _elements(engine: Engine, sources: Sequence[Source]) -> list[RegisteredElement]:
    disputes = Counter((each.entity, each.column_name) for each in read_disputes(engine))
    return register_elements(
        libraries_in_order(load_libraries()), sources, _agreement(engine, sources), disputes
    )


def _agreement(engine: Engine, sources: Sequence[Source]) -> Agreement:
    latest = _latest_scores(engine)
    return {
        (each.name, count.column_name): (int(count.a), int(count.b))
        for each in sources
        if each.name in latest
        for count in read_counts(
            engine, scope="source", subject=each.name, run=latest[each.name].run
        )
        if count.indicator == _SAME_DATA and count.column_name
    }


def _latest_scores(engine: Engine, until: date = date.max) -> Mapping[str, ScoreRecord]:
    """The latest score of each source, of a batch of that day or before."""
    return {
        each.subject: each
        for each in read_scores(engine, scope="source")
        if batch_date(each.run) <= until
    }


def evaluation_facts(settings: Settings, begin: date, until: date) -> Facts:
    """The facts of a period; scores and the catalogue are the latest.

    Raises:
        ContractsRefused: no contract can be used.
        DeclarationRefused: the catalogue's declaration cannot work.
        DatabaseUnavailable: the warehouse cannot be reached.
    """
    catalogue = derive_catalogue(settings)
    engine = connect(settings)
    try:
        sources = active_sources(settings)
        usage = read_grant_usage(engine, begin, until)
        requests = _requests(settings, until)
        return Facts(
            [each for each in catalogue.derived if each.origin.startswith("source ")],
            catalogue.faults,
            _source_facts(engine, sources, begin, until),
            _elements(engine, sources),
            [e for e in _updates(settings, catalogue, until) if _is_of(e, begin, until)],
            [each for each in requests if begin <= each.request.received <= until],
            [each for each in requests if each.request.decision == "approved"],
            [GrantFacts(each.consumer, each.calls, each.canaries) for each in usage],
        )
    finally:
        engine.dispose()


def _requests(settings: Settings, until: date) -> list[JudgedRequest]:
    """The requests as they stood on the last day of the period."""
    return judged_requests(settings.model_copy(update={"today": until}))


def _updates(settings: Settings, catalogue: Catalogue, until: date) -> list[DueDuty]:
    reviews = [e for e in read_reviews(settings.governance) if e.day <= until.isoformat()]
    duties = [
        each
        for each in duties_of_reviews(reviews, catalogue.derived, "")
        if each.kind == "catalogue_update"
    ]
    limits = limits_of_site(catalogue.declared.limits, catalogue.declared.file)
    return judge_duties(duties, limits, until, load_working_calendar())


def _is_of(each: DueDuty, begin: date, until: date) -> bool:
    return begin <= each.duty.received <= until


def _source_facts(
    engine: Engine, sources: Sequence[Source], begin: date, today: date
) -> list[SourceFacts]:
    scores = _latest_scores(engine, today)
    answers = read_answers_in_time(engine, begin, today)
    batches = read_batches(engine)
    facts = []
    for source in sources:
        mine = [e for e in batches if e.source == source.name and batch_date(e.batch) <= today]
        days = [day for each in mine if begin <= (day := batch_date(each.batch))]
        score = scores.get(source.name)
        facts.append(
            SourceFacts(
                source=source.name,
                department=source.owner.department,
                rows=(mine[-1].landed or 0) if mine else 0,
                score=score.score if score else None,
                deliveries=_deliveries(days, begin, today, source.frequency),
                answers=answers.get(source.name, (0, 0)),
            )
        )
    return facts


def _deliveries(
    days: Sequence[date], begin: date, today: date, frequency: timedelta
) -> tuple[int, int]:
    periods = max(1, (today - begin).days // max(1, frequency.days) + 1)
    (count,) = count_deliveries(days, today, frequency, periods)
    return (int(count.a), int(count.b)) if days else (0, 0)
