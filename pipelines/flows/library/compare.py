"""Findings of a published library: where its sources, or libraries, contradict each other.

Nothing of this changes a golden record: ``merge`` has decided by authority, and what is found here
goes to the owners of the values that lost.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date

import ibis
import ibis.expr.types as ir

from pipelines.contracts import load_sources
from pipelines.flows.owner.dispute import DISPUTED_BY_USER
from pipelines.flows.shared.ownership import refuse_publication_of_another, working_on
from pipelines.flows.shared.results import CompareResult
from pipelines.flows.shared.run_inputs import records_of_run
from pipelines.flows.shared.session import Session, open_session
from pipelines.lake.lock import table_lock
from pipelines.libraries import Library, load_libraries, load_library
from pipelines.quality.contradiction import (
    Published,
    World,
    contradictions_of,
    find_contradictions,
    record_columns,
    records_of_entities,
)
from pipelines.quality.discrepancy import (
    AGREEMENT_ORDER,
    AGREEMENT_SCHEMA,
    DISAGREES,
    DISPUTED,
    FINDING_ORDER,
    FINDING_SCHEMA,
    Compared,
    compare_sources,
    compare_with_golden,
    differing_values,
    disputed_numbers,
    shared_records,
)
from pipelines.settings import Settings
from pipelines.standards.rules import severities
from pipelines.warehouse.people.disputes import disputed_values
from pipelines.warehouse.quality.library_inputs import (
    add_comparison_dues,
    record_comparison_dues,
)


def compare(settings: Settings, library_name: str, run: str) -> CompareResult:
    """Write ``identity.<entity>_finding`` and ``identity.<entity>_agreement`` of a publication.

    What it says about records of the libraries that it points to is brought up to date, too.

    Raises:
        TableMissing: nothing of the library is published.
        MadeByAnotherRun: what is published is of another run.
    """
    library = load_library(library_name)
    with (
        open_session(settings, keeps_sql=True) as session,
        working_on(session, library),
        session.timed(library.name, run, "compare"),
        # Another library that is published meanwhile amends what is written here, not what it was.
        table_lock(session.lake.catalog.engine, f"compare {library.name}"),
        ExitStack() as opened,
    ):
        refuse_publication_of_another(session, library, run)
        records = opened.enter_context(session.materialised(records_of_run(session, library, run)))
        core = session.lake.read(session.con, f"core.{library.entity}")
        crosswalk = session.lake.read(session.con, f"core.{library.entity}_source")
        shared = shared_records(records, crosswalk, library)
        described = opened.enter_context(session.materialised(shared))
        beside = opened.enter_context(
            session.materialised(compare_with_golden(described, core, library))
        )
        other = opened.enter_context(
            session.materialised(differing_values(beside, described, library))
        )
        dispute = session.lake.read(session.con, f"identity.{library.entity}_dispute")
        severity = severities()
        world = _world(session, opened, {library.name: records})
        contradicting = _contradictions(session, opened, library, world)
        disagreeing = compare_sources(beside, other, library, severity[DISAGREES])
        found = [
            _without_contradicted(disagreeing, contradicting),
            disputed_numbers(dispute, records, crosswalk, core, library, severity[DISPUTED]),
            *contradicting,
            _disputed_by_users(session, library),
        ]
        _write(session, library, found, run)
        record_comparison_dues(session.warehouse, library.name, _dues(session, contradicting))
        for other in dict.fromkeys(link.library for link in library.links):
            _amend(session, opened, load_library(other), world, library)
        return _result(session, library, run)


def _dues(session: Session, found: Sequence[Compared]) -> Mapping[str, date]:
    """By source, the first later day of its data on which one of its values is judged otherwise."""
    days = [one.due for one in found if one.due is not None]
    if not days:
        return {}
    every = ibis.union(*days, distinct=False) if len(days) > 1 else days[0]
    first = every.group_by("source").agg(day=every.day.min())
    return {row["source"]: row["day"] for row in session.con.to_pyarrow(first).to_pylist()}


def _disputed_by_users(session: Session, library: Library) -> Compared:
    """Open disputes of the users: findings for their owners like any other."""
    rows = disputed_values(session.warehouse, library)
    severity = severities()[DISPUTED_BY_USER]
    findings = [{**row, "rule": DISPUTED_BY_USER, "severity": severity} for row in rows]
    columns = {name: [row.get(name) for row in findings] for name in FINDING_SCHEMA.names}
    nothing: dict[str, list[object]] = {name: [] for name in AGREEMENT_SCHEMA.names}
    return Compared(
        ibis.memtable(columns, schema=FINDING_SCHEMA),
        ibis.memtable(nothing, schema=AGREEMENT_SCHEMA),
    )


def _world(session: Session, opened: ExitStack, given: Mapping[str, ir.Table]) -> World:
    """All that is published, with the records that it was made of; those given need no reading."""
    published: dict[str, Published] = {}
    for library in load_libraries().values():
        core, crosswalk, further = (
            f"core.{library.entity}{suffix}" for suffix in ("", "_source", "_identifier")
        )
        if session.lake.has(core) and session.lake.has(crosswalk):
            run = session.lake.properties(core, None)["run"]
            records = given.get(library.name)
            if records is None:
                records = records_of_run(session, library, run)
            described = records_of_entities(
                records, session.lake.read(session.con, crosswalk), record_columns(library.name)
            )
            published[library.name] = Published(
                core=session.lake.read(session.con, core),
                records=opened.enter_context(session.materialised(described)),
                further=session.lake.read(session.con, further)
                if session.lake.has(further)
                else None,
            )
    sources = load_sources(session.settings).values()
    return World(published, {one.name: one.event for one in sources if one.event})


def _contradictions(
    session: Session,
    opened: ExitStack,
    library: Library,
    world: World,
    seeing: str | None = None,
) -> list[Compared]:
    rules = contradictions_of(library.name, world, seeing)
    return find_contradictions(
        rules, world, lambda judged: opened.enter_context(session.materialised(judged))
    )


def _without_contradicted(disagreeing: Compared, contradicting: Sequence[Compared]) -> Compared:
    """A value with a finding of a contradiction gets no second one for disagreeing with others."""
    if not contradicting:
        return disagreeing
    contradicted = ibis.union(*(one.finding for one in contradicting))
    remaining = disagreeing.finding.anti_join(contradicted, ["source", "source_key", "column_name"])
    return Compared(remaining, disagreeing.agreement)


def _amend(
    session: Session, opened: ExitStack, library: Library, world: World, published: Library
) -> None:
    """Ask again the rules about records of ``library`` that look at what was just published."""
    finding, agreement = _tables(library)
    rules = [one.rule for one in contradictions_of(library.name, world, published.name)]
    if not rules or not session.lake.has(finding) or not session.lake.has(agreement):
        return
    fresh = _contradictions(session, opened, library, world, seeing=published.name)
    with table_lock(session.lake.catalog.engine, f"compare {library.name}"):
        found = session.lake.read(session.con, finding).cast(FINDING_SCHEMA)
        counted = session.lake.read(session.con, agreement).cast(
            AGREEMENT_SCHEMA
        )  # sums are DOUBLE
        old = Compared(
            found.filter(found.rule.notin(rules)), counted.filter(counted.rule.notin(rules))
        )
        _write(session, library, [old, *fresh], session.lake.properties(finding, None)["run"])
        add_comparison_dues(session.warehouse, library.name, _dues(session, fresh))


def _tables(library: Library) -> tuple[str, str]:
    return f"identity.{library.entity}_finding", f"identity.{library.entity}_agreement"


def _write(session: Session, library: Library, found: Sequence[Compared], run: str) -> None:
    finding, agreement = _tables(library)
    findings = ibis.union(*(one.finding for one in found))
    agreements = ibis.union(*(one.agreement for one in found))
    _write_table(session, findings, finding, run, FINDING_ORDER)
    _write_table(session, agreements, agreement, run, AGREEMENT_ORDER)


def _write_table(
    session: Session, rows: ir.Table, table: str, run: str, order: tuple[str, ...]
) -> None:
    """Out of a file, for what DuckDB writes of the same rows depends on where they come from."""
    about = {"run": run}
    with session.materialised(rows) as computed:
        session.lake.write(
            session.con, computed, table, batch=None, order_by=order, properties=about
        )


def _result(session: Session, library: Library, run: str) -> CompareResult:
    finding, agreement = _tables(library)
    found = session.lake.read(session.con, finding)
    by_rule = session.con.to_pyarrow(found.group_by("rule").agg(rows=found.count())).to_pylist()
    values = session.lake.read(session.con, agreement).compared.sum().fill_null(0)
    return CompareResult(
        library.name,
        run,
        compared=int(session.con.execute(values)),
        findings={row["rule"]: row["rows"] for row in sorted(by_rule, key=lambda r: r["rule"])},
    )
