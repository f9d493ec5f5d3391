"""Build a ``Source`` from an ODCS document and validate every field of it."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal, cast

from open_data_contract_standard.model import (
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
    ServiceLevelAgreementProperty,
    TeamMember,
)

from pipelines.contracts.column_names import trimmed
from pipelines.contracts.faults import Faults
from pipelines.contracts.report_options import build_reporting
from pipelines.contracts.score_options import build_quality_weights
from pipelines.contracts.server import build_server, properties_of
from pipelines.contracts.source import Delivery, Owner, Server, Source, SourceColumn
from pipelines.libraries import Library
from pipelines.standards.elements import DataElement

COLUMN_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
# One plain address: nothing that a mail header could take for two, or for another header.
EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@(localhost|[\w-]+(\.[\w-]+)+)", re.ASCII)
RESERVED = {"findings", "reasons", "record", "entity_id"}  # columns that the pipeline adds
DELIVERIES = ("snapshot", "delta")
SHARING = ("unconditional", "conditional", "none")
EVENTS = ("", "marriage", "insurance")
DAYS = {"min": 1 / 1440, "h": 1 / 24, "d": 1, "w": 7, "mo": 30, "y": 365}
UNITS = {
    "minute": "min", "minutes": "min", "hour": "h", "hours": "h", "hr": "h", "day": "d",
    "days": "d", "week": "w", "weeks": "w", "month": "mo", "months": "mo", "yr": "y", "year": "y",
    "years": "y",
}  # fmt: skip


@dataclass(frozen=True)
class References:
    """What a contract may refer to."""

    elements: Mapping[str, DataElement]
    libraries: Mapping[str, Library]
    home: Path


def build_source(
    document: OpenDataContractStandard, references: References, faults: Faults
) -> Source | None:
    """The source that a document declares; ``None`` with the reasons in ``faults``."""
    library = document.domain or ""
    faults.one_of("domain", document.domain, references.libraries, "a base library")
    server = _server(document, references.home, faults)
    table = _table(document, faults)
    columns = _columns(table, references, library, faults) if table else ()
    delivery, changed_at = _delivery(table, columns, faults) if table else ("snapshot", None)
    owner = _owner(document, faults)
    sla = {entry.property: entry for entry in document.slaProperties or []}
    schedule, frequency = _schedule(sla.get("frequency"), faults)
    retention = _duration(sla.get("retention"), "retention", faults)
    custom = {p.property: p.value for p in document.customProperties or [] if p.property}
    sharing = str(custom.get("sharing_type", "unconditional"))
    faults.one_of("customProperties.sharing_type", sharing, SHARING, "a way of sharing")
    event = str(custom.get("event", ""))
    faults.one_of("customProperties.event", event, EVENTS, "a kind of event")
    reporting = build_reporting(custom, faults)
    weights = build_quality_weights(custom, faults)
    if faults.found:
        return None
    return Source(
        name=faults.file.stem,
        title=document.name or faults.file.stem,
        library=library,
        file=faults.file,
        server=cast(Server, server),
        columns=columns,
        owner=owner,
        delivery=cast(Delivery, delivery),
        schedule=schedule,
        frequency=cast(timedelta, frequency),
        changed_at=changed_at,
        version=document.version or "",
        status=document.status or "",
        description=_description(document),
        sharing_type=cast(Literal["unconditional", "conditional", "none"], sharing),
        sharing_condition=str(custom.get("sharing_condition", "")),
        retention=retention,
        reporting=reporting,
        quality_weights=weights,
        event=event,
        custom=custom,
    )


def _server(document: OpenDataContractStandard, home: Path, faults: Faults) -> Server | None:
    servers = document.servers or []
    if len(servers) != 1:
        faults.add(
            "servers",
            len(servers),
            "A source is delivered at one place.",
            "List one server; declare a second delivery as a source of its own.",
        )
    return build_server(servers[0], home, faults) if servers else None


def _table(document: OpenDataContractStandard, faults: Faults) -> SchemaObject | None:
    tables = document.schema_ or []
    if len(tables) != 1:
        faults.add(
            "schema",
            len(tables),
            "A source is one table.",
            "List one object; declare a second table as a source of its own.",
        )
    return tables[0] if tables else None


def _columns(
    table: SchemaObject, references: References, library: str, faults: Faults
) -> tuple[SourceColumn, ...]:
    columns = []
    for index, written in enumerate(table.properties or []):
        where = f"schema[0].properties[{index}]"
        _check_name(where, written, faults)
        if written.semanticType is not None:
            faults.one_of(
                f"{where}.semanticType", written.semanticType, references.elements, "a data element"
            )
        _check_golden(where, written, references, library, faults)
        columns.append(
            SourceColumn(
                name=written.name or "",
                physical_name=trimmed(written.physicalName or written.name or ""),
                element=written.semanticType,
                required=bool(written.required),
                primary_key=bool(written.primaryKey),
                title=written.businessName or written.physicalName or "",
            )
        )
    _check_columns(columns, references, faults)
    return tuple(columns)


def _check_name(where: str, written: SchemaProperty, faults: Faults) -> None:
    name = written.name or ""
    if not COLUMN_NAME.match(name):
        faults.add(
            f"{where}.name",
            name,
            "A column's name here is lower-case English.",
            "Write letters, digits and _, and put the department's own name in physicalName.",
        )
    if name in RESERVED:
        faults.add(
            f"{where}.name",
            name,
            "The pipeline adds a column of this name itself.",
            f"Choose another name, for example source_{name}.",
        )


def _check_golden(
    where: str, written: SchemaProperty, references: References, library: str, faults: Faults
) -> None:
    """A column that feeds the golden record must mean what the golden record means."""
    if library not in references.libraries:
        return
    golden = references.libraries[library].columns.get(written.name or "")
    element = written.semanticType
    if golden is None or element == golden.element_name:
        return
    if (
        element is None or element in references.elements
    ):  # else the element itself is a fault already
        faults.add(
            f"{where}.semanticType",
            element,
            f"The library's {golden.name} is of the element {golden.element_name}.",
            f"Write semanticType: {golden.element_name}, or give the column another name.",
        )


def _check_columns(columns: list[SourceColumn], references: References, faults: Faults) -> None:
    where = "schema[0].properties"
    if not columns:
        faults.add(where, None, "No column is mapped.", "List the columns to take.")
    elif not any(column.primary_key for column in columns):
        faults.add(
            where,
            None,
            "Nothing identifies a record: no column is the primary key.",
            "Mark the column(s) that do with primaryKey: true.",
        )
    elif any(c.name == "source_key" and not c.primary_key for c in columns):
        faults.add(
            where,
            "source_key",
            "This name is kept for the primary key.",
            "Add primaryKey: true, or choose another name.",
        )
    for name, count in Counter(column.name for column in columns).items():
        if count > 1:
            faults.add(where, name, f"{count} columns have this name.", "Rename all but one.")
    mapped = Counter((c.physical_name, c.element) for c in columns)
    for (physical, _), count in mapped.items():
        if count > 1:
            faults.add(
                where,
                physical,
                f"{count} columns take the same column for the same.",
                "Remove all but one.",
            )
    for element, count in Counter(c.element for c in columns if c.element).items():
        declared = references.elements.get(element)
        if count > 1 and declared is not None and not declared.repeatable:
            faults.add(
                where,
                element,
                f"{count} columns are mapped to this element, which "
                "identifies and can be there once.",
                "Keep the mapping of one; leave semanticType out of the others.",
            )


def _delivery(
    table: SchemaObject, columns: tuple[SourceColumn, ...], faults: Faults
) -> tuple[str, str | None]:
    extra = properties_of(table.customProperties, ("delivery", "changed_at"), "schema[0]", faults)
    where = "schema[0].customProperties"
    delivery = extra.get("delivery")
    faults.one_of(f"{where}.delivery", delivery, DELIVERIES, "a way of delivery")
    return delivery or "", _changed_at(extra.get("changed_at"), columns, where, faults)


def _changed_at(
    written: str | None, columns: tuple[SourceColumn, ...], where: str, faults: Faults
) -> str | None:
    """Name here of the column that orders versions; it may be written by either of its names."""
    if written is None:
        return None
    for column in columns:
        if written in (column.name, column.physical_name):
            if column.element not in {"timestamp", "date"}:
                faults.add(
                    f"{where}.changed_at",
                    written,
                    "This column is not a time.",
                    "Map it with semanticType: timestamp (or date).",
                )
            return column.name
    names = [name for c in columns for name in (c.name, c.physical_name)]
    faults.one_of(f"{where}.changed_at", written, names, "a column of this contract")
    return None


def _owner(document: OpenDataContractStandard, faults: Faults) -> Owner:
    team = document.team
    members: list[TeamMember] = team if isinstance(team, list) else (team and team.members) or []
    owners = [m.username or "" for m in members if (m.role or "").strip().lower() == "data owner"]
    for email in owners:
        if not EMAIL.fullmatch(email):
            faults.add(
                "team.members.username",
                email,
                "The data owner's quality report cannot be sent there.",
                "Write an e-mail address.",
            )
    if not owners:
        faults.add(
            "team.members",
            None,
            "Nobody answers for this data.",
            "Add {username: E-MAIL, role: data owner}: he gets the quality report.",
        )
    if not document.tenant:
        faults.add(
            "tenant",
            None,
            "Nothing says whose data this is.",
            "Write the department's name, for example 示范市公安局.",
        )
    name = "" if team is None or isinstance(team, list) else team.name or ""
    return Owner(department=document.tenant or "", team=name, emails=tuple(owners))


def _schedule(
    frequency: ServiceLevelAgreementProperty | None, faults: Faults
) -> tuple[str | None, timedelta | None]:
    if frequency is None:
        faults.add(
            "slaProperties",
            None,
            "Nothing says how often data is due.",
            'Add {property: frequency, value: 1, unit: d, schedule: "0 2 * * *"}.',
        )
        return None, None
    if frequency.schedule is not None:
        _check_cron(frequency.schedule, faults)
    return frequency.schedule, _duration(frequency, "frequency", faults)


def _check_cron(schedule: str, faults: Faults) -> None:
    from croniter import croniter  # type: ignore[import-untyped]  # comes with Airflow

    if len(schedule.split()) != 5 or not croniter.is_valid(schedule):
        faults.add(
            "slaProperties.frequency.schedule",
            schedule,
            "This is no cron schedule.",
            'Write minute, hour, day, month, weekday: "0 2 * * *" is daily at two.',
        )


def _duration(
    entry: ServiceLevelAgreementProperty | None, name: str, faults: Faults
) -> timedelta | None:
    if entry is None:
        return None
    where, unit = f"slaProperties.{name}", (entry.unit or "").lower()
    unit = UNITS.get(unit, unit)
    has_unit = faults.one_of(f"{where}.unit", unit or None, DAYS, "a unit of time")
    try:
        value = float(entry.value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        value = 0.0
    if not 0 < value < 100_000:
        faults.add(
            f"{where}.value", entry.value, "This is no length of time.", "Write a positive number."
        )
        return None
    return timedelta(days=value * DAYS[unit]) if has_unit else None


def _description(document: OpenDataContractStandard) -> str:
    about = document.description
    parts = (about.purpose, about.usage, about.limitations) if about else ()
    return "\n".join(part for part in parts if part)
