"""Apply grants to the database, in one transaction; revoke those whose file is gone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, text

from pipelines.flows.shared.site_keys import site_keys
from pipelines.libraries import load_libraries
from pipelines.serve.grants.declaration import Grant
from pipelines.serve.grants.read import read_grants
from pipelines.serve.grants.views import compile_grant, drop_statements
from pipelines.settings import Settings
from pipelines.warehouse import connect
from pipelines.warehouse.base.history import mint_own_ids_statement
from pipelines.warehouse.quality.audit_events import Event, note_event
from pipelines.warehouse.server.database import run_sql, shown_url
from pipelines.warehouse.server.locks import LOCK_TIMEOUT, retry_ddl, take_lock

_BLOCK = 64  # bytes of a block of SHA-256 (RFC 2104)


@dataclass(frozen=True)
class Difference:
    """One thing by which the files differ from what is applied; ``before`` or ``after`` is None."""

    grant: str
    field: str
    before: object
    after: object


def diff_grants(settings: Settings) -> list[Difference]:
    """What ``apply_grants`` would change, field by field.

    Raises:
        GrantsRefused: the files have faults.
    """
    wanted = {name: _declared(grant) for name, grant in read_grants(settings).items()}
    engine = connect(settings)
    try:
        with engine.connect() as connection:
            applied = _applied(connection)
    finally:
        engine.dispose()
    found = []
    for name in sorted(wanted.keys() | applied.keys()):
        before, after = applied.get(name), wanted.get(name)
        if before is None or after is None:
            found.append(Difference(name, "", before and "applied", after and "new"))
            continue
        found += [
            Difference(name, key, before.get(key), after.get(key))
            for key in sorted(before.keys() | after.keys())
            if before.get(key) != after.get(key)
        ]
    return found


def apply_grants(settings: Settings, by: str) -> list[Difference]:
    """Make the database allow exactly what the files say; answers what changed.

    Raises:
        GrantsRefused: the files have faults; nothing was changed.
        DatabaseBusy: a reader held a view for more than a minute.
    """
    grants = read_grants(settings)
    differences = diff_grants(settings)
    engine = connect(settings)

    def attempt() -> None:
        with engine.begin() as connection:
            take_lock(connection, "grants")
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}s'"))
            for name in sorted(_applied(connection).keys() - grants.keys()):
                _revoke(connection, name, by)
            for grant in grants.values():
                _apply(connection, settings, grant, by)
            for difference in {each.grant: each for each in differences}.values():
                outcome = "revoked" if difference.after is None else "applied"
                event = Event("grant", outcome, grant_name=difference.grant, actor=by)
                note_event(connection, event)

    try:
        retry_ddl(attempt, shown_url(engine.url.render_as_string()))
    finally:
        engine.dispose()
    return differences


def _applied(connection: Connection) -> dict[str, dict[str, Any]]:
    rows = connection.execute(text("SELECT name, declared FROM serve.grant WHERE is_active"))
    return {str(name): declared for name, declared in rows}


def _declared(grant: Grant) -> dict[str, Any]:
    """The grant as JSON takes it."""
    declared: dict[str, Any] = json.loads(json.dumps(asdict(grant), default=str))
    return declared


def _apply(connection: Connection, settings: Settings, grant: Grant, by: str) -> None:
    declared = _declared(grant)
    connection.execute(
        _UPSERT,
        {
            "name": grant.name,
            "consumer": grant.consumer,
            "library": grant.library,
            "valid_from": grant.valid_from,
            "valid_to": grant.valid_to,
            "by": by,
            "visible": grant.visible_to_subject,
            "declared": json.dumps(declared),
        },
    )
    if grant.ids == "own":
        _mint(connection, settings, grant)
    _make_role(connection, grant.role)
    _drop(connection, grant.name)
    for statement in compile_grant(grant):
        run_sql(connection, statement)


def _revoke(connection: Connection, name: str, by: str) -> None:
    """Nothing of it can be read from now on; that it was there stays known."""
    _drop(connection, name)
    run_sql(connection, f'REVOKE "g_{name}" FROM serve_login')
    run_sql(connection, f'REVOKE ALL ON SCHEMA serve FROM "g_{name}"')
    ended = text(
        "UPDATE serve.grant SET is_active = false, applied_by = :by, applied_at = now()"
        " WHERE name = :name"
    )
    connection.execute(ended, {"name": name, "by": by})


def _drop(connection: Connection, name: str) -> None:
    """What was compiled of it, in the order in which it can be dropped."""
    found = connection.execute(_VIEWS, {"name": name, "parts": f"{name}\\_\\_%"})
    views = [str(view) for (view,) in found]
    for statement in drop_statements(name, [*views]):
        run_sql(connection, statement)


def _make_role(connection: Connection, role: str) -> None:
    known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :r"), {"r": role})
    if known.first() is None:
        run_sql(connection, f'CREATE ROLE "{role}" NOLOGIN NOINHERIT')
    for statement in (
        f'GRANT "{role}" TO serve_login',
        f'GRANT USAGE ON SCHEMA serve TO "{role}"',
        f'GRANT SELECT ON serve.code, serve.horizon TO "{role}"',
    ):
        run_sql(connection, statement)
    database = connection.execute(text("SELECT current_database()")).scalar_one()
    run_sql(connection, f'GRANT CONNECT ON DATABASE "{database}" TO "{role}"')


def _mint(connection: Connection, settings: Settings, grant: Grant) -> None:
    """The consumer's key, and an id of its own for every entity that there is or was."""
    name = grant.consumer_name
    keys = site_keys(settings)
    key = keys.key(f"ids of {name}").ljust(_BLOCK, b"\0")
    libraries = load_libraries().values()
    connection.execute(
        _KEY,
        {
            "consumer": name,
            "version": keys.version,
            "inner": bytes(byte ^ 0x36 for byte in key),
            "outer": bytes(byte ^ 0x5C for byte in key),
            "prefixes": json.dumps({library.name: library.id_prefix for library in libraries}),
        },
    )
    for library in libraries:
        run_sql(connection, mint_own_ids_statement(library))


def explain_grant(grant: Grant) -> list[str]:
    """What the grant allows, in sentences for whoever approves it."""
    library = load_libraries()[grant.library]
    lines = [
        f"{grant.name}: {grant.consumer}，{grant.purpose}",
        f"  legal basis: {grant.legal_basis}; approved by {grant.approved_by}",
        f"  valid from {grant.valid_from} to {grant.valid_to}, both days included",
        f"  library: {library.title} ({library.name}); rows: {_told_rows(grant.rows)}",
        f"  operations: {', '.join(grant.operations)}",
    ]
    for show, words in (("clear", "as they are"), ("mask", "masked")):
        names = [name for name, each in grant.columns.items() if each == show]
        lines.append(f"  columns {words}: {', '.join(names) or 'none'}")
    for other, columns in grant.linked.items():
        shown = ", ".join(f"{name} ({show})" for name, show in columns.items() if show != "absent")
        lines.append(f"  with linked entities of {other}: {shown}")
    lines += [f"  looked up by {' + '.join(names)}, all given" for names in grant.lookup_by]
    limits = grant.limits
    return [
        *lines,
        f"  limits: {limits.minute:,} requests a minute, {limits.day:,} a day; {limits.rows:,} rows"
        f" an answer, {limits.rows_day:,} a day",
        f"  ids: {'of this consumer alone' if grant.ids == 'own' else 'those of the library'};"
        f" the person sees its readings: {grant.visible_to_subject}",
        "  access: " + ("service and SQL" if grant.public_key else "SQL only, no key is declared"),
    ]


def _told_rows(rows: Mapping[str, Sequence[str]]) -> str:
    parts = [f"{column} begins with {' or '.join(each)}" for column, each in rows.items()]
    return " and ".join(parts) or "all"


_UPSERT = text("""
INSERT INTO serve.grant (name, consumer, library, valid_from, valid_to, visible_to_subject,
    declared, applied_by)
VALUES (:name, :consumer, :library, :valid_from, :valid_to, :visible,
    CAST(:declared AS jsonb), :by)
ON CONFLICT (name) DO UPDATE SET (consumer, library, valid_from, valid_to, visible_to_subject,
    declared, applied_by, is_active, applied_at) = (excluded.consumer, excluded.library,
    excluded.valid_from, excluded.valid_to, excluded.visible_to_subject, excluded.declared,
    excluded.applied_by, true, now())""")

_KEY = text("""
INSERT INTO serve.consumer_key (of_consumer, version, prefixes, inner_pad, outer_pad)
VALUES (:consumer, :version, CAST(:prefixes AS jsonb), :inner, :outer)
ON CONFLICT (of_consumer) DO NOTHING""")

_VIEWS = text("""
SELECT viewname FROM pg_views
WHERE schemaname = 'serve' AND (viewname = :name OR viewname LIKE :parts)""")
