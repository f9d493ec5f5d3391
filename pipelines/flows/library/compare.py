"""Tell what sources and libraries disagree about, once a library is published.

Nothing of this changes a golden record: ``merge`` has decided by authority, and what is found here
goes to the owners of the values that lost.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import ibis
import ibis.expr.types as ir

from pipelines.contracts import load_sources
from pipelines.flows.owner.dispute import DISPUTED as DOUBTED
from pipelines.flows.shared.results import CompareResult
from pipelines.flows.shared.run_inputs import records_of_run
from pipelines.flows.shared.session import Workplace, open_workplace
from pipelines.lake.lock import table_lock
from pipelines.libraries import Library, load_libraries, load_library
from pipelines.quality.contradiction import (
    Published,
    World,
    contradictions_of,
    find_contradictions,
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


def compare(settings: Settings, library_name: str, run: str) -> CompareResult:
    """Write ``identity.<entity>_finding`` and ``identity.<entity>_agreement`` of a publication.

    What it says about records of the libraries that it points to is brought up to date, too.

    Raises:
        TableMissing: nothing of the library is published, or not by this run.
    """
    library = load_library(library_name)
    with (
        open_workplace(settings) as place,
        place.timed(library.name, run, "compare"),
        # Another library that is published meanwhile amends what is written here, not what it was.
        table_lock(place.lake.catalog.engine, f"compare {library.name}"),
        ExitStack() as held,
    ):
        records = held.enter_context(place.materialised(records_of_run(place, library, run)))
        core = place.lake.read(place.con, f"core.{library.entity}")
        crosswalk = place.lake.read(place.con, f"core.{library.entity}_source")
        shared = shared_records(records, crosswalk, library)
        told = held.enter_context(place.materialised(shared))
        beside = held.enter_context(place.materialised(compare_with_golden(told, core, library)))
        other = held.enter_context(place.materialised(differing_values(beside, told, library)))
        dispute = place.lake.read(place.con, f"identity.{library.entity}_dispute")
        severity = severities()
        world = _world(place, held, {library.name: records})
        contradicting = _contradictions(place, held, library, world)
        disagreeing = compare_sources(beside, other, library, severity[DISAGREES])
        found = [
            _without_known(disagreeing, contradicting),
            disputed_numbers(dispute, records, crosswalk, core, library, severity[DISPUTED]),
            *contradicting,
            _doubted(place, library),
        ]
        _write(place, library, found, run)
        for other in dict.fromkeys(link.library for link in library.links):
            _amend(place, held, load_library(other), world, library)
        return _result(place, library, run)


def _doubted(place: Workplace, library: Library) -> Compared:
    """Open disputes of the users: their owners are told as of any other finding."""
    rows = disputed_values(place.warehouse, library)
    severity = severities()[DOUBTED]
    told = [{**row, "rule": DOUBTED, "severity": severity} for row in rows]
    columns = {name: [row.get(name) for row in told] for name in FINDING_SCHEMA.names}
    nothing: dict[str, list[object]] = {name: [] for name in AGREEMENT_SCHEMA.names}
    return Compared(
        ibis.memtable(columns, schema=FINDING_SCHEMA),
        ibis.memtable(nothing, schema=AGREEMENT_SCHEMA),
    )


def _world(place: Workplace, held: ExitStack, given: Mapping[str, ir.Table]) -> World:
    """All that is published, with the records that it was made of; those given need no reading."""
    published: dict[str, Published] = {}
    for library in load_libraries().values():
        core, crosswalk, further = (
            f"core.{library.entity}{suffix}" for suffix in ("", "_source", "_identifier")
        )
        if place.lake.has(core) and place.lake.has(crosswalk):
            run = place.lake.properties(core, None)["run"]
            records = given.get(library.name)
            if records is None:
                records = records_of_run(place, library, run)
            told = records_of_entities(records, place.lake.read(place.con, crosswalk), library.name)
            published[library.name] = Published(
                core=place.lake.read(place.con, core),
                records=held.enter_context(place.materialised(told)),
                further=place.lake.read(place.con, further) if place.lake.has(further) else None,
            )
    sources = load_sources(place.settings).values()
    return World(published, {one.name: one.event for one in sources if one.event})


def _contradictions(
    place: Workplace,
    held: ExitStack,
    library: Library,
    world: World,
    seeing: str | None = None,
) -> list[Compared]:
    rules = contradictions_of(library.name, world, seeing)
    return find_contradictions(
        rules, world, lambda judged: held.enter_context(place.materialised(judged))
    )


def _without_known(disagreeing: Compared, contradicting: Sequence[Compared]) -> Compared:
    """Who is told of a contradiction in a value need not hear that others say something else."""
    if not contradicting:
        return disagreeing
    known = ibis.union(*(one.finding for one in contradicting))
    told = disagreeing.finding.anti_join(known, ["source", "source_key", "column_name"])
    return Compared(told, disagreeing.agreement)


def _amend(
    place: Workplace, held: ExitStack, library: Library, world: World, published: Library
) -> None:
    """Ask again the rules about records of ``library`` that look at what was just published."""
    finding, agreement = _tables(library)
    rules = [one.rule for one in contradictions_of(library.name, world, published.name)]
    if not rules or not place.lake.has(finding) or not place.lake.has(agreement):
        return
    fresh = _contradictions(place, held, library, world, seeing=published.name)
    with table_lock(place.lake.catalog.engine, f"compare {library.name}"):
        found = place.lake.read(place.con, finding).cast(FINDING_SCHEMA)
        counted = place.lake.read(place.con, agreement).cast(AGREEMENT_SCHEMA)  # sums are DOUBLE
        old = Compared(
            found.filter(found.rule.notin(rules)), counted.filter(counted.rule.notin(rules))
        )
        _write(place, library, [old, *fresh], place.lake.properties(finding, None)["run"])


def _tables(library: Library) -> tuple[str, str]:
    return f"identity.{library.entity}_finding", f"identity.{library.entity}_agreement"


def _write(place: Workplace, library: Library, found: Sequence[Compared], run: str) -> None:
    finding, agreement = _tables(library)
    findings = ibis.union(*(one.finding for one in found))
    agreements = ibis.union(*(one.agreement for one in found))
    _write_table(place, findings, finding, run, FINDING_ORDER)
    _write_table(place, agreements, agreement, run, AGREEMENT_ORDER)


def _write_table(
    place: Workplace, rows: ir.Table, table: str, run: str, order: tuple[str, ...]
) -> None:
    """Out of a file, for what DuckDB writes of the same rows depends on where they come from."""
    about = {"run": run}
    with place.materialised(rows) as computed:
        place.lake.write(place.con, computed, table, batch=None, order_by=order, properties=about)


def _result(place: Workplace, library: Library, run: str) -> CompareResult:
    finding, agreement = _tables(library)
    found = place.lake.read(place.con, finding)
    by_rule = place.con.to_pyarrow(found.group_by("rule").agg(rows=found.count())).to_pylist()
    values = place.lake.read(place.con, agreement).compared.sum().fill_null(0)
    return CompareResult(
        library.name,
        run,
        compared=int(place.con.execute(values)),
        findings={row["rule"]: row["rows"] for row in sorted(by_rule, key=lambda r: r["rule"])},
    )
