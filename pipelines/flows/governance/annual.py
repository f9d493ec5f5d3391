"""The yearly report of a site, out of everything that the year has recorded."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from sqlalchemy import Engine

from pipelines.batch import CHINA, batch_date
from pipelines.errors import SettingRefused
from pipelines.flows.governance.catalogue import (
    CATALOGUE_JSON,
    derive_catalogue,
    today_of,
)
from pipelines.flows.governance.duty_ledger import derive_ledger, late_duties
from pipelines.flows.governance.facts import active_sources, evaluation_facts
from pipelines.flows.governance.sharing.requests import judged_requests
from pipelines.flows.governance.systems import SystemReport, report_systems
from pipelines.governance.annual.content import (
    AnnualReport,
    Counted,
    SystemProgress,
    YearFacts,
    annual_report,
)
from pipelines.governance.evaluation import Facts, evaluate
from pipelines.governance.outputs import (
    candidate_table,
    duty_table,
    figure_table,
    indicator_table,
    integration_table,
)
from pipelines.governance.resources.edition import read_edition
from pipelines.governance.resources.entry import Entry
from pipelines.governance.sharing.register import JudgedRequest, unmet_demand
from pipelines.governance.sharing.tables import demand_table
from pipelines.governance.tables import OutputTable
from pipelines.libraries import libraries_in_order, load_libraries
from pipelines.settings import Settings
from pipelines.warehouse import connect, read_batches, read_publications
from pipelines.warehouse.quality.grant_usage import count_calls, read_grant_usage

REPORT_TYPES = (".docx", ".pdf")


def draft_annual_report(settings: Settings, year: int, systems: Path | None) -> AnnualReport:
    """The report of a year up to its end, or up to today.

    Args:
        settings: Of the site.
        year: That has begun.
        systems: Sheet of the inventory, if there is one.

    Raises:
        DeclarationRefused: a declaration of the site cannot work.
        DatabaseUnavailable: the warehouse cannot be reached.
        UnreadableDelivery, MissingColumn: the sheet is no inventory.
    """
    begin, until = date(year, 1, 1), min(today_of(settings), date(year, 12, 31))
    as_of = settings.model_copy(update={"today": until})
    told = report_systems(as_of, systems) if systems else None
    engine = connect(settings)
    try:
        return annual_report(_facts(as_of, engine, begin, until, told))
    finally:
        engine.dispose()


def write_annual_report(settings: Settings, report: AnnualReport, file: Path) -> None:
    """Write it as .docx or .pdf.

    Raises:
        SettingRefused: the file's name ends in something else.
    """
    draft = file.with_name(f".{file.name}")
    if file.suffix == ".docx":
        from pipelines.governance.annual.document import write_document

        write_document(report, draft, settings.cache_dir)
    elif file.suffix == ".pdf":
        from pipelines.governance.annual.pdf import write_pdf

        write_pdf(report, draft, settings.cache_dir)
    else:
        remedy = f"Name a file that ends in {' or '.join(REPORT_TYPES)}."
        raise SettingRefused("--to", file.name, remedy)
    draft.replace(file)


def _facts(
    settings: Settings, engine: Engine, begin: date, until: date, told: SystemReport | None
) -> YearFacts:
    catalogue = derive_catalogue(settings)
    facts = evaluation_facts(settings, begin, until)
    entries = _published_until(settings, until) or catalogue.entries
    requests = [e for e in judged_requests(settings) if e.request.received <= until]
    mine = [each for each in requests if each.request.received >= begin]
    decided = Counter(each.request.decision for each in mine)
    ledger = derive_ledger(settings).duties
    in_time = [e.answered_in_time for e in mine if e.answered_in_time is not None]
    figures = evaluate(facts)
    return YearFacts(
        jurisdiction=catalogue.declared.jurisdiction,
        year=begin.year,
        until=until.isoformat(),
        entries=Counted(len(entries), _entries_before(settings, begin)),
        by_class=Counter(each.classification[0] for each in entries if each.classification),
        by_sharing=Counter(each.share_type for each in entries),
        opened=sum(each.is_open for each in entries),
        faults=len(catalogue.faults),
        systems=_progress(told) if told else None,
        libraries=_libraries(engine, until),
        sources=sum(1 for each in facts.sources if each.rows),
        batches=Counted(*_batches(settings, engine, begin, until)),
        requests=Counted(len(mine), _before(requests, begin)),
        approved=decided["approved"],
        refused=decided["refused"],
        answered_in_time=(sum(in_time), len(in_time)),
        grants=len(read_grant_usage(engine, until, until)),
        calls=Counted(count_calls(engine, begin, until), _calls_before(engine, begin)),
        corrections_in_time=_sum(facts),
        late=len(late_duties(ledger)),
        demands=len(unmet_demand(requests)),
        figures=figures,
        annexes=[
            entry_table(entries),
            indicator_table(),
            figure_table(figures, begin.isoformat(), until.isoformat()),
            duty_table(ledger, until.isoformat()),
            demand_table(unmet_demand(requests), until.isoformat()),
            *_system_annexes(told),
        ],
    )


def _system_annexes(told: SystemReport | None) -> Sequence[OutputTable]:
    return (candidate_table(told.candidates), integration_table(told.integration)) if told else ()


def entry_table(entries: Sequence[Entry]) -> OutputTable:
    """目录清单: a row per entry."""
    return OutputTable(
        "政务信息资源目录清单",
        ("信息资源代码", "信息资源名称", "提供方", "共享类型", "更新周期", "是否开放"),
        [
            (e.code, e.name, e.provider, e.share_type, e.cycle, "是" if e.is_open else "否")
            for e in entries
        ],
    )


def _published_until(settings: Settings, until: date) -> Sequence[Entry]:
    """Entries of the last edition that was published by a day; none where there is none."""
    editions = [
        read_edition(folder / CATALOGUE_JSON)
        for folder in (settings.home / "catalogue").glob("[0-9]*")
    ]
    known = [each for each in editions if each.published_on <= until.isoformat()]
    return max(known, key=lambda each: each.number).entries if known else ()


def _entries_before(settings: Settings, begin: date) -> int | None:
    return len(_published_until(settings, date(begin.year - 1, 12, 31))) or None


def _progress(told: SystemReport) -> SystemProgress:
    return SystemProgress(
        systems=len(told.systems),
        connected=sum(each.texts["connected"] in ("是", "已接入", "1") for each in told.systems),
        zombies=len(told.candidates),
        to_integrate=len(told.integration),
    )


def _libraries(engine: Engine, until: date) -> dict[str, int]:
    """Golden records of each library as it was published last by a day."""
    counts = {}
    for library in libraries_in_order(load_libraries()):
        rows = [
            each.row_counts.get(library.entity)
            for each in read_publications(engine)
            if each.library == library.name and each.published_at.astimezone(CHINA).date() <= until
        ]
        if rows and rows[-1] is not None:
            counts[library.title] = rows[-1]
    return counts


def _batches(
    settings: Settings, engine: Engine, begin: date, until: date
) -> tuple[int, int | None]:
    names = {each.name for each in active_sources(settings)}
    days = [batch_date(e.batch) for e in read_batches(engine) if e.source in names]
    before = sum(day.year == begin.year - 1 for day in days)
    return sum(begin <= day <= until for day in days), before or None


def _before(requests: Sequence[JudgedRequest], begin: date) -> int | None:
    return sum(each.request.received.year == begin.year - 1 for each in requests) or None


def _calls_before(engine: Engine, begin: date) -> int | None:
    last = begin.year - 1
    return count_calls(engine, date(last, 1, 1), date(last, 12, 31)) or None


def _sum(facts: Facts) -> tuple[int, int]:
    answers = [each.answers for each in facts.sources]
    return sum(part for part, _ in answers), sum(whole for _, whole in answers)
