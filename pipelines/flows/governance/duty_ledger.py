"""The ledger of a site (台账): every duty that follows from what is recorded, none typed twice.

Sharing requests from their files, corrections from open issues and disputes, reviews from the
catalogue's life cycle, tasks of the year from their declaration; besides, what a sheet adds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from sqlalchemy import text

from pipelines.contracts import load_sources
from pipelines.flows.governance.catalogue import derive_catalogue, today_of
from pipelines.flows.governance.sharing.requests import judged_requests
from pipelines.flows.governance.submitted_sheets import JudgedDuties, judge_ledger
from pipelines.governance.duties import (
    DUTY_COLUMNS,
    LIMITS,
    REQUEST_FIELDS,
    DueDuty,
    Duty,
    DutyKind,
    judge_duties,
    limits_of_site,
)
from pipelines.governance.resources.declared import CatalogueDeclaration
from pipelines.governance.resources.reviews import duties_of_reviews, read_reviews
from pipelines.governance.sharing.register import JudgedRequest
from pipelines.governance.sharing.request import DECISION_WORDS
from pipelines.governance.yearly import duties_of_years, read_yearly
from pipelines.libraries import load_libraries
from pipelines.settings import Settings
from pipelines.standards.working_days import load_working_calendar
from pipelines.warehouse import connect


def derive_ledger(settings: Settings, sheet: Path | None = None) -> JudgedDuties:
    """All duties as of today, with those of a sheet if one is given.

    Raises:
        DeclarationRefused: requests, reviews, yearly tasks or limits cannot work.
        DatabaseUnavailable: the warehouse cannot be reached.
    """
    catalogue = derive_catalogue(settings)
    declared, today = catalogue.declared, today_of(settings)
    authority = declared.departments[declared.provider_of_libraries].title
    duties = [
        *_of_requests(judged_requests(settings), authority),
        *duties_of_reviews(read_reviews(settings.governance), catalogue.derived, authority),
        *duties_of_years(read_yearly(settings.governance), today),
        *_of_corrections(settings, authority, _titles(declared)),
    ]
    limits = limits_of_site(declared.limits, declared.file)
    judged = judge_duties(duties, limits, today, load_working_calendar())
    if sheet is None:
        return JudgedDuties(judged, [], [])
    added = judge_ledger(settings, sheet)
    return JudgedDuties([*judged, *added.duties], added.faults, added.defects)


def late_duties(duties: Sequence[DueDuty]) -> list[DueDuty]:
    """Those whose limit is over and that are not done."""
    return [each for each in duties if each.state == "late"]


def _of_requests(judged: Sequence[JudgedRequest], authority: str) -> Iterator[Duty]:
    for each in judged:
        request, provider = each.request, each.provider or authority
        name = each.entry.name if each.entry else request.wanted
        if begin := request.clock_from:
            subject = f"答复{request.consumer}对“{name}”的申请"
            done, extended = request.answered_on, bool(request.extended_by)
            duty = _duty(each.kind, request.number, provider, subject, begin, done, extended)
            said = {name: getattr(request, name) for name in (*REQUEST_FIELDS, "ground")}
            answer = DECISION_WORDS[request.decision]
            yield replace(duty, texts={**duty.texts, **said, "answer": answer})
        if request.decision == "approved" and request.answered_on:
            subject = f"向{request.consumer}提供“{name}”"
            begin, done = request.answered_on, request.supplied_on
            yield _duty("supply", request.number, provider, subject, begin, done)
        if request.decision == "approved" and (ends := request.ends_on) and each.state in (
            "to_dispose", "disposed",
        ):  # fmt: skip
            begin, done = min(ends, request.disposed_on or ends), request.disposed_on
            subject = f"处置所用“{name}”"
            yield _duty("disposal", request.number, request.consumer, subject, begin, done)


def _titles(declared: CatalogueDeclaration) -> Mapping[str, str]:
    return {name: each.title for name, each in declared.departments.items()}


def _of_corrections(
    settings: Settings, authority: str, titles: Mapping[str, str]
) -> Iterator[Duty]:
    """One duty per source and day of telling: how many issues; and one per open dispute."""
    sources = load_sources(settings)
    owners = {name: each.owner.department for name, each in sources.items()}
    columns = {
        (each.entity, column.name): column.title
        for each in load_libraries().values()
        for column in each.columns.values()
    }
    engine = connect(settings)
    try:
        with engine.connect() as connection:
            issues = connection.execute(_ISSUES).all()
            disputes = connection.execute(_DISPUTES).all()
    finally:
        engine.dispose()
    for source, told, count in issues:
        name = sources[source].title if source in sources else source
        subject = f"答复“{name}”的 {count:,} 个问题"
        yield _duty("correction", "", owners.get(source, authority), subject, told, None)
    for number, source, department, raised, ended, entity, column in disputes:
        subject = f"答复对“{columns.get((entity, column), column)}”的异议"
        name = f"异议 {number}"
        answering = owners.get(source) or titles.get(department, authority)
        yield _duty("correction", name, answering, subject, raised, ended)


_ISSUES = text("""
SELECT source, (sent_at AT TIME ZONE 'Asia/Shanghai')::date, count(*) FROM quality.issue
WHERE sent_at IS NOT NULL AND answered_at IS NULL AND closed_at IS NULL
GROUP BY 1, 2 ORDER BY 1, 2""")
_DISPUTES = text("""
SELECT id, source, department, (raised_at AT TIME ZONE 'Asia/Shanghai')::date,
    (closed_at AT TIME ZONE 'Asia/Shanghai')::date, entity, column_name
FROM quality.dispute WHERE state <> 'withdrawn' ORDER BY id""")


def _duty(
    kind: DutyKind,
    number: str,
    department: str,
    subject: str,
    begin: date,
    done: date | None,
    extended: bool = False,
) -> Duty:
    texts = dict.fromkeys(DUTY_COLUMNS, "") | {
        "number": number,
        "kind": LIMITS[kind].title,
        "department": department,
        "subject": subject,
        "received": begin.isoformat(),
        "done": done.isoformat() if done else "",
    }
    return Duty(0, texts, kind, begin, done, extended)
