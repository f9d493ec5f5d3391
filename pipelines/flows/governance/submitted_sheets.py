"""Filing of projects and the ledger of duties, read from sheets and judged as of today."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.flows.governance.catalogue import derive_catalogue, today_of
from pipelines.flows.governance.register_sheet import read_register
from pipelines.governance.cells import SheetFault
from pipelines.governance.duties import (
    DUTY_COLUMNS,
    DueDuty,
    judge_duties,
    limits_of_site,
    read_duties,
)
from pipelines.governance.projects import PROJECT_COLUMNS, Verdict, judge_filings
from pipelines.governance.resources.declared import read_declaration
from pipelines.governance.systems.inventory import SYSTEM_COLUMNS
from pipelines.settings import Settings
from pipelines.standards.working_days import load_working_calendar

_PROJECT = ("name", "builder")
_DUTY = ("kind", "department", "received")
_SYSTEM = ("name", "department")


@dataclass(frozen=True)
class JudgedFilings:
    """Projects with their verdicts, and lines of the sheet that are no record."""

    verdicts: Sequence[Verdict]
    defects: Sequence[tuple[int, str]]


@dataclass(frozen=True)
class JudgedDuties:
    """Duties with due days and states, what is wrong in the sheet, and lines that are no record."""

    duties: Sequence[DueDuty]
    faults: Sequence[SheetFault]
    defects: Sequence[tuple[int, str]]


def judge_projects(settings: Settings, sheet: Path, systems: Path | None) -> JudgedFilings:
    """Every project of a sheet against the catalogue and, if given, the sheet of systems.

    Raises:
        UnreadableDelivery, MissingColumn: a sheet is not what it should be.
        DeclarationRefused: the catalogue's declaration cannot work.
    """
    read = read_register(settings, sheet, PROJECT_COLUMNS, _PROJECT)
    named = None
    if systems is not None:
        inventory = read_register(settings, systems, SYSTEM_COLUMNS, _SYSTEM)
        named = {row.values["name"].strip() for row in inventory.rows}
    codes = {each.code for each in derive_catalogue(settings).entries}
    rows = ((row.line, row.values) for row in read.rows)
    return JudgedFilings(judge_filings(rows, codes, named), read.defects)


def judge_ledger(settings: Settings, sheet: Path) -> JudgedDuties:
    """Every duty of a ledger as of today.

    Raises:
        UnreadableDelivery, MissingColumn: it is no ledger.
        DeclarationRefused: the site sets a limit that is longer than the law's.
        CalendarUnknown: as ``judge_duties``.
    """
    read = read_register(settings, sheet, DUTY_COLUMNS, _DUTY)
    declared = read_declaration(settings.governance)
    today = today_of(settings)
    duties, faults = read_duties(((row.line, row.values) for row in read.rows), today)
    limits = limits_of_site(declared.limits, declared.file)
    judged = judge_duties(duties, limits, today, load_working_calendar())
    return JudgedDuties(judged, faults, read.defects)
