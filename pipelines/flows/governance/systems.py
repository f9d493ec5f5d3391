"""System inventory, candidates and integration list, with what the libraries measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.batch import batch_date
from pipelines.contracts import load_sources
from pipelines.flows.governance.catalogue import today_of
from pipelines.flows.governance.facts import active_sources
from pipelines.flows.governance.register_sheet import read_register
from pipelines.flows.shared.session import Session, open_session
from pipelines.governance.cells import SheetFault
from pipelines.governance.element_register import RegisteredElement, register_elements
from pipelines.governance.systems.integration import integration_list
from pipelines.governance.systems.inventory import (
    SYSTEM_COLUMNS,
    System,
    read_systems,
)
from pipelines.governance.systems.zombies import Candidate, MeasuredContent, zombie_candidates
from pipelines.libraries import libraries_in_order, load_libraries
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
    register = register_elements(
        libraries_in_order(load_libraries()), active_sources(settings), {}, {}
    )
    with open_session(settings) as session:
        content = {
            each.line: _measured(session, each, register) for each in systems if each.sources
        }
    candidates = zombie_candidates(systems, content, today)
    return SystemReport(systems, faults, sheet.defects, candidates, integration_list(systems))


def _measured(
    session: Session, system: System, register: Sequence[RegisteredElement]
) -> MeasuredContent:
    days = [
        batch_date(each.batch)
        for source in system.sources
        for each in read_batches(session.warehouse, source)
    ]
    counts = [_held(session, system, library.entity) for library in load_libraries().values()]
    return MeasuredContent(
        max(days, default=None),
        sum(each for each, _ in counts),
        sum(held for _, held in counts),
        *items_of(system.sources, register),
    )


def items_of(sources: Sequence[str], register: Sequence[RegisteredElement]) -> tuple[int, int]:
    """Items that these sources deliver, and those that are theirs: led, or delivered alone."""
    delivered = own = 0
    for element in register:
        mine = [each for each in element.holders if each.source in sources]
        leads = any(each.department_title == element.lead for each in mine)
        delivered += bool(mine)
        own += bool(mine) and (leads or len(mine) == len(element.holders))
    return delivered, own


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
