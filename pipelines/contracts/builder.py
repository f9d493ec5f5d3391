"""Build a ``Source`` from an ODCS document and validate every field of it."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, cast

from open_data_contract_standard.model import (
    OpenDataContractStandard,
    SchemaObject,
    ServiceLevelAgreementProperty,
    TeamMember,
)

from pipelines.contracts.column_names import trimmed
from pipelines.contracts.columns import TIMES, build_columns
from pipelines.contracts.faults import Faults
from pipelines.contracts.options import read_options
from pipelines.contracts.references import References
from pipelines.contracts.report_options import build_reporting
from pipelines.contracts.score_options import build_quality_weights
from pipelines.contracts.servers import build_server
from pipelines.contracts.source import Delivery, Owner, Server, Source, SourceColumn

# One plain address: nothing that a mail header could take for two, or for another header.
EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@(localhost|[\w-]+(\.[\w-]+)+)", re.ASCII)
DELIVERIES = ("snapshot", "delta")
SHARING = ("unconditional", "conditional", "none")
EVENTS = ("", "marriage", "insurance")
DAYS = {"min": 1 / 1440, "h": 1 / 24, "d": 1, "w": 7, "mo": 30, "y": 365}
UNITS = {
    "minute": "min", "minutes": "min", "hour": "h", "hours": "h", "hr": "h", "day": "d",
    "days": "d", "week": "w", "weeks": "w", "month": "mo", "months": "mo", "yr": "y", "year": "y",
    "years": "y",
}  # fmt: skip


def build_source(
    document: OpenDataContractStandard, references: References, faults: Faults
) -> Source | None:
    """The source that a document declares; ``None`` with the reasons in ``faults``."""
    library = document.domain or ""
    faults.one_of("domain", document.domain, references.libraries, "a base library")
    server = _server(document, references.home, faults)
    table = _table(document, faults)
    columns = build_columns(table, references, library, faults) if table else ()
    delivery, changed_at, group_by = (
        _delivery(table, columns, faults) if table else ("snapshot", None, ())
    )
    _check_places(server, columns, faults)
    owner = _owner(document, faults)
    sla = {entry.property: entry for entry in document.slaProperties or []}
    schedule, frequency = _schedule(sla.get("frequency"), faults)
    retention = _duration(sla.get("retention"), "retention", faults)
    custom = {p.property: p.value for p in document.customProperties or [] if p.property}
    sharing = str(custom.get("sharing_type", "unconditional"))
    faults.one_of("customProperties.sharing_type", sharing, SHARING, "a way of sharing")
    event = str(custom.get("event", ""))
    faults.one_of("customProperties.event", event, EVENTS, "a kind of event")
    changes = str(custom.get("expects_changes", False)).lower()
    faults.one_of("customProperties.expects_changes", changes, ("true", "false"), "true or false")
    _check_lines(document, faults)
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
        group_by=group_by,
        event=event,
        expects_changes=changes == "true",
        custom=custom,
    )


def _check_places(server: Server | None, columns: tuple[SourceColumn, ...], faults: Faults) -> None:
    """In text of fixed width a column that has no place cannot be read."""
    if server is None or server.format != "fixed":
        return
    placed = {position.name for position in server.positions}
    for column in columns:
        if column.physical_name not in placed:
            faults.add(
                f"schema[0].properties.{column.name}.physicalName",
                column.physical_name,
                "The property positions of servers[0] does not say where it is.",
                "Add its first and last place there.",
            )


def _check_lines(document: OpenDataContractStandard, faults: Faults) -> None:
    """Names of data set and department stand in the heads of mails, which are one line."""
    team = None if isinstance(document.team, list) else document.team
    lines = {"name": document.name, "tenant": document.tenant, "team.name": team and team.name}
    for where, text in lines.items():
        if text and not text.isprintable():
            problem = "There are line breaks or control characters in it."
            faults.add(where, text, problem, "Write it in one line.")


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


def _delivery(
    table: SchemaObject, columns: tuple[SourceColumn, ...], faults: Faults
) -> tuple[str, str | None, tuple[str, ...]]:
    known = ("delivery", "changed_at", "group_by")
    extra = read_options(table.customProperties, known, "schema[0]", faults)
    where = "schema[0].customProperties"
    delivery = extra.text("delivery")
    faults.one_of(f"{where}.delivery", delivery, DELIVERIES, "a way of delivery")
    changed_at = _changed_at(extra.text("changed_at"), columns, where, faults)
    return delivery or "", changed_at, tuple(map(trimmed, extra.texts("group_by")))


def _changed_at(
    written: str | None, columns: tuple[SourceColumn, ...], where: str, faults: Faults
) -> str | None:
    """Name here of the column that orders versions; it may be written by either of its names."""
    if written is None:
        return None
    for column in columns:
        if written in (column.name, column.physical_name):
            if column.element not in TIMES:
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

    if len(schedule.split()) != 5 or not _comes_due(schedule, croniter):
        faults.add(
            "slaProperties.frequency.schedule",
            schedule,
            "This is no cron schedule.",
            'Write minute, hour, day, month, weekday: "0 2 * * *" is daily at two.',
        )


def _comes_due(schedule: str, cron: Any) -> bool:
    """Whether a schedule can be read and has a next time; 30 February has none."""
    try:
        cron(schedule).get_next()
    except (ValueError, KeyError, TypeError, ArithmeticError):
        return False
    return bool(cron.is_valid(schedule))


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
    except (TypeError, ValueError, OverflowError):
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
