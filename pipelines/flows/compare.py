"""Tell what the sources of a library disagree about, once it is published.

Nothing of this changes a golden record: ``merge`` has decided by authority, and what is found here
goes to the owners of the values that lost.
"""

from contextlib import ExitStack

import ibis
import ibis.expr.types as ir

from pipelines.flows.dispute import DISPUTED as DOUBTED
from pipelines.flows.inputs import records_of_run
from pipelines.flows.results import CompareResult
from pipelines.flows.workplace import Workplace, open_workplace
from pipelines.libraries import Library, load_library
from pipelines.quality.discrepancy import (
    AGREEMENT_ORDER,
    DISAGREES,
    DISPUTED,
    FINDING_ORDER,
    FINDING_SCHEMA,
    beside_golden,
    compare_sources,
    disputed_numbers,
)
from pipelines.settings import Settings
from pipelines.standards.rules import severities
from pipelines.warehouse.disputes import disputed_values


def compare(settings: Settings, library_name: str, run: str) -> CompareResult:
    """Write ``identity.<entity>_finding`` and ``identity.<entity>_agreement`` of a publication.

    Raises:
        TableMissing: nothing of the library is published, or not by this run.
    """
    library = load_library(library_name)
    with (
        open_workplace(settings) as place,
        place.timed(library.name, run, "compare"),
        ExitStack() as held,
    ):
        records = held.enter_context(place.materialised(records_of_run(place, library, run)))
        core = place.lake.read(place.con, f"core.{library.entity}")
        crosswalk = place.lake.read(place.con, f"core.{library.entity}_source")
        wide = beside_golden(records, crosswalk, core, library)
        beside = held.enter_context(place.materialised(wide))
        dispute = place.lake.read(place.con, f"identity.{library.entity}_dispute")
        severity = severities()
        found = [
            compare_sources(beside, library, severity[DISAGREES]),
            disputed_numbers(dispute, records, crosswalk, core, library, severity[DISPUTED]),
        ]
        finding = f"identity.{library.entity}_finding"
        agreement = f"identity.{library.entity}_agreement"
        told = [*(f.finding for f in found), _doubted(place, library)]
        _write(place, ibis.union(*told), finding, run, FINDING_ORDER)
        _write(place, ibis.union(*(f.agreement for f in found)), agreement, run, AGREEMENT_ORDER)
        return _result(place, library, run, finding, agreement)


def _doubted(place: Workplace, library: Library) -> ir.Table:
    """Open disputes of the users: their owners are told as of any other finding."""
    rows = disputed_values(place.warehouse, library)
    severity = severities()[DOUBTED]
    told = [{**row, "rule": DOUBTED, "severity": severity} for row in rows]
    columns = {name: [row.get(name) for row in told] for name in FINDING_SCHEMA.names}
    return ibis.memtable(columns, schema=FINDING_SCHEMA)


def _write(place: Workplace, rows: ir.Table, table: str, run: str, order: tuple[str, ...]) -> None:
    about = {"run": run}
    place.lake.write(place.con, rows, table, batch=None, order_by=order, properties=about)


def _result(
    place: Workplace, library: Library, run: str, finding: str, agreement: str
) -> CompareResult:
    found = place.lake.read(place.con, finding)
    by_rule = place.con.to_pyarrow(found.group_by("rule").agg(rows=found.count())).to_pylist()
    values = place.lake.read(place.con, agreement).compared.sum().fill_null(0)
    return CompareResult(
        library.name,
        run,
        compared=int(place.con.execute(values)),
        findings={row["rule"]: row["rows"] for row in sorted(by_rule, key=lambda r: r["rule"])},
    )
