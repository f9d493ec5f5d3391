"""System inventory, candidates and integration list, with what the libraries measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.batch import batch_date
from pipelines.contracts import load_sources
from pipelines.flows.governance.catalogue import today_of
from pipelines.flows.governance.register_sheet import read_register
from pipelines.flows.shared.session import Session, open_session
from pipelines.governance.cells import SheetFault
from pipelines.governance.systems.integration import integration_list
from pipelines.governance.systems.inventory import (
    SYSTEM_COLUMNS,
    System,
    read_systems,
)
from pipelines.governance.systems.zombies import Candidate, MeasuredContent, zombie_candidates
from pipelines.libraries import load_libraries
from pipelines.settings import Settings
from pipelines.warehouse import read_batches

_REQUIRED = ("name", "department")


@dataclass(frozen=True)
class SystemReport:
    """What a sheet of systems says: systems, faults, lines that are no record, both lists."""

    systems: Sequence[System]
    faults: Sequence[SheetFault]
    defects: Sequence[tuple[int, str]]
    candidates: Sequence[Candidate]
    integration: Sequence[tuple[System, Sequence[str]]]


def report_systems(settings: Settings, file: Path) -> SystemReport:
    """Read the inventory of a sheet and judge its systems.

    Raises:
        UnreadableDelivery, MissingColumn: it is no sheet of systems.
        DatabaseUnavailable: the warehouse cannot be reached.
    """
    sheet = read_register(settings, file, SYSTEM_COLUMNS, _REQUIRED)
    today = today_of(settings)
    rows = ((row.line, row.values) for row in sheet.rows)
    systems, faults = read_systems(rows, load_sources(settings), today)
    with open_session(settings) as session:
        content = {each.line: _measured(session, each) for each in systems if each.sources}
    candidates = zombie_candidates(systems, content, today)
    return SystemReport(systems, faults, sheet.defects, candidates, integration_list(systems))


def _measured(session: Session, system: System) -> MeasuredContent:
    days = [
        batch_date(each.batch)
        for source in system.sources
        for each in read_batches(session.warehouse, source)
    ]
    counts = [_held(session, system, library.entity) for library in load_libraries().values()]
    return MeasuredContent(
        max(days, default=None), sum(each for each, _ in counts), sum(held for _, held in counts)
    )


def _held(session: Session, system: System, entity: str) -> tuple[int, int]:
    """Entities of the system's sources, and how many of them another source knows, too."""
    table = f"core.{entity}_source"
    if not session.lake.has(table):
        return 0, 0
    crosswalk = session.lake.read(session.con, table)
    is_own = crosswalk.source.isin(system.sources)
    entities = crosswalk.group_by("entity_id").agg(own=is_own.any(), other=(~is_own).any())
    mine = entities.filter(entities.own)
    (counted,) = session.con.to_pyarrow(
        mine.aggregate(entities=mine.count(), held=mine.other.sum().fill_null(0))
    ).to_pylist()
    return int(counted["entities"]), int(counted["held"])
