"""Open data sets of a site: counted in published libraries, checked, written in editions."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import ibis
import ibis.expr.types as ir

from pipelines.errors import BaselibError, DeclarationRefused
from pipelines.flows.governance.catalogue import today_of
from pipelines.flows.shared.session import Session, open_session
from pipelines.governance.opendata.declared import (
    FOLDER,
    OpenDataSet,
    prefix_of,
    read_open_data,
)
from pipelines.governance.opendata.protect import (
    Key,
    Protected,
    protect_records,
    protect_table,
)
from pipelines.governance.opendata.risk import Risk, measure_risk, refusals
from pipelines.governance.opendata.write import (
    DATA_JSON,
    edition_of,
    published_cells,
    write_edition,
)
from pipelines.libraries import load_libraries
from pipelines.settings import Settings

_OF_A_DAY = {"decade": 3, "year": 4, "month": 7}  # characters of an ISO day


@dataclass
class DisclosureRefused(BaselibError):
    """A data set would tell of single persons or firms, or of too few; nothing was published."""

    name: str
    reasons: list[str]

    def __str__(self) -> str:
        return f"{self.name} was not published: {' '.join(self.reasons)}"


@dataclass(frozen=True)
class CheckedDataSet:
    """A data set as it would be published today: what is shown, its risk, and why it may not."""

    declared: OpenDataSet
    protected: Protected
    risk: Risk
    reasons: list[str]
    number: int


def open_data_sets(settings: Settings) -> Mapping[str, OpenDataSet]:
    """The declared data sets by name.

    Raises:
        DeclarationRefused: one cannot work, or would show what must not be shown.
    """
    return read_open_data(settings.governance, load_libraries())


def check_open_data(settings: Settings, name: str) -> CheckedDataSet:
    """Compute a data set and measure what it discloses; nothing is written.

    Raises:
        DeclarationRefused: there is no data set of that name, or one cannot work.
        TableMissing: nothing of its library is published.
    """
    declared = open_data_sets(settings).get(name)
    if declared is None:
        known = ", ".join(open_data_sets(settings)) or "none"
        folder = settings.governance / FOLDER
        remedy = f"Declare it there; there are: {known}."
        raise DeclarationRefused(folder, name, "is no open data set.", remedy)
    with open_session(settings) as session:
        counts = count_cells(session, declared)
    last = _last_number(settings, name)
    before = (
        published_cells(_folder(settings, name, last) / DATA_JSON, list(declared.columns))
        if last and declared.form == "table"
        else None
    )
    protected = _protect(declared, counts)
    risk = measure_risk(declared, counts, protected, before)
    return CheckedDataSet(declared, protected, risk, list(refusals(declared, risk)), last + 1)


def publish_open_data(settings: Settings, name: str) -> Path:
    """Write the next edition of a data set, whole; returns its folder.

    Raises:
        DisclosureRefused: see ``refusals``; and as ``check_open_data`` does.
    """
    checked = check_open_data(settings, name)
    if checked.reasons:
        raise DisclosureRefused(name, checked.reasons)
    declared = checked.declared
    edition = edition_of(
        declared,
        load_libraries()[declared.library],
        checked.protected,
        checked.number,
        today_of(settings).isoformat(),
    )
    folder = _folder(settings, name, checked.number)
    draft = folder.with_name(f".{folder.name}.{uuid4().hex}")
    draft.mkdir(parents=True)
    try:
        write_edition(edition, draft)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _folder(settings: Settings, name: str, number: int) -> Path:
    return settings.home / "open_data" / name / f"{number:04d}"


def _last_number(settings: Settings, name: str) -> int:
    editions = (settings.home / "open_data" / name).glob("[0-9]*")
    return max((int(each.name) for each in editions), default=0)


def _protect(declared: OpenDataSet, counts: Mapping[Key, int]) -> Protected:
    if declared.form == "table":
        return protect_table(counts, declared.k, declared.round_to)
    wanted = declared.diversity
    diverse = (list(declared.columns).index(wanted.column), wanted.least) if wanted else None
    return protect_records(counts, declared.k, diverse)


def count_cells(session: Session, declared: OpenDataSet) -> Mapping[Key, int]:
    """Entities by combination of generalised values."""
    entity = load_libraries()[declared.library].entity
    core = session.lake.read(session.con, f"core.{entity}")
    for name, wanted in declared.where.items():
        core = core.filter(core[name].isin(list(wanted)))
    values = {name: _generalised(core[name], form) for name, form in declared.columns.items()}
    counted = core.select(**values).group_by(list(values)).agg(n=ibis._.count())
    rows = session.con.to_pyarrow(counted).to_pylist()
    return {tuple(row[name] for name in values): int(row["n"]) for row in rows}


def _generalised(value: ir.Value, form: str) -> ir.StringValue:
    if form in _OF_A_DAY:
        day = value.cast("date").cast("string").substr(0, _OF_A_DAY[form])
        return day + "0" if form == "decade" else day
    length = prefix_of(form)
    text = value.cast("string")
    return text.substr(0, length) if length else text
