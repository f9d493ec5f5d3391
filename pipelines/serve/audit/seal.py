"""Seal the audit log, verify it, and hand it out as evidence."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from pipelines.errors.serving import AuditBroken
from pipelines.flows.shared.site_keys import site_keys
from pipelines.serve.audit import chain
from pipelines.settings import Settings
from pipelines.warehouse import connect
from pipelines.warehouse.server.locks import take_lock

_PURPOSE = "seals of the audit log"
_MOST = 50_000  # events of a seal: half a second of hashing
_IDLE = timedelta(minutes=30)  # an empty seal says that the sealer lives
_LATE = timedelta(days=1)  # a transaction that is open for longer has been rolled back
_EVENTS = f"""
SELECT {", ".join(chain.FIELDS)} FROM audit.event
WHERE seq > :last AND (:until = 0 OR seq <= :until) OR seq = ANY (:late)
ORDER BY seq LIMIT :most"""  # noqa: S608 - names of this package
_INSERT = text("""
INSERT INTO audit.seal (no, first_seq, last_seq, missing, late, leaves, root, prev_hash, hash, mac,
    key_version, sealed_at)
VALUES (:no, :first_seq, :last_seq, :missing, :late, :leaves, :root, :prev_hash, :hash, :mac,
    :key_version, :sealed_at)""")


@dataclass(frozen=True)
class Verified:
    """What was verified: seals, events that they cover, events that wait for the next seal."""

    seals: int
    events: int
    unsealed: int
    last_hash: str


def seal_log(settings: Settings) -> int:
    """Seal what was noted since the last seal; answers how many events.

    Each seal is appended to ``audit/seals.jsonl`` in the home as well: ship that file off the
    machine, or whoever owns the database could write all of the log anew.
    """
    engine = connect(settings)
    try:
        sealed = 0
        while True:
            count = _seal_once(engine, settings)
            sealed += count
            if count < _MOST:
                return sealed
    finally:
        engine.dispose()


def keep_sealing(settings: Settings, every: float) -> None:
    """Seal, again and again, until the process ends."""
    while True:
        seal_log(settings)
        time.sleep(every)


def verify_log(settings: Settings, shipped: Path | None = None) -> Verified:
    """Check every event and seal, and the seals against those that were shipped.

    Raises:
        AuditBroken: something was altered, deleted, inserted or exchanged; names the first row.
    """
    keys = site_keys(settings).all_keys(_PURPOSE)
    engine = connect(settings)
    try:
        with engine.connect() as connection:
            seals = _read_seals(connection)
            events = _read_events(connection)
    finally:
        engine.dispose()
    findings = chain.check_chain(seals, events, keys)
    findings += _against(seals, shipped or settings.home / "audit" / "seals.jsonl", shipped)
    if findings:
        raise AuditBroken(findings)
    covered = sum(len(seal["leaves"]) // chain.DIGEST for seal in seals)
    last = seals[-1]["hash"].hex() if seals else ""
    return Verified(len(seals), covered, len(events) - covered, last)


def write_bundle(settings: Settings, folder: Path) -> Verified:
    """Write events, seals and a verifier that needs nothing but Python into a new folder.

    Raises:
        AuditBroken: the log is not as it was sealed; nothing is written.
    """
    verified = verify_log(settings)
    folder.mkdir(mode=0o700, parents=True)
    engine = connect(settings)
    try:
        with engine.connect() as connection:
            seals, events = _read_seals(connection), _read_events(connection)
    finally:
        engine.dispose()
    last = seals[-1]["last_seq"] if seals else 0
    _write_lines(folder / "events.jsonl", (e for n, e in events.items() if n <= last))
    _write_lines(folder / "seals.jsonl", map(_as_line, seals))
    source = Path(chain.__file__).read_text(encoding="utf-8")
    (folder / "verify.py").write_text(source, encoding="utf-8")
    return verified


def _seal_once(engine: Engine, settings: Settings) -> int:
    with engine.begin() as connection:
        take_lock(connection, "audit seal")
        connection.execute(text("SET LOCAL ROLE audit_sealer"))
        last = connection.execute(text(_LAST)).mappings().first()
        gaps = _open_gaps(connection)
        asked = {"last": last["last_seq"] if last else 0, "until": 0, "late": gaps, "most": _MOST}
        found = connection.execute(text(_EVENTS), asked).mappings()
        events = {row["seq"]: _event(row) for row in found}
        now = datetime.now(UTC)
        if not events and last and now - last["sealed_at"] < _IDLE:
            return 0
        keys = site_keys(settings)
        seal = _make_seal(events, last, set(gaps), now, keys.version)
        seal["mac"] = hmac.new(keys.key(_PURPOSE), seal["hash"], hashlib.sha256).digest()
        connection.execute(_INSERT, seal)
    _ship(settings, seal)
    return len(events)


def _make_seal(
    events: Mapping[int, Any],
    last: Mapping[Any, Any] | None,
    gaps: set[int],
    now: datetime,
    key_version: int,
) -> dict[str, Any]:
    before = last["last_seq"] if last else 0
    late = sorted(n for n in events if n in gaps)
    until = max((n for n in events if n not in gaps), default=before)
    missing = sorted(set(range(before + 1, until + 1)) - events.keys())
    leaves = [chain.leaf(events[n]) for n in sorted(events)]
    seal: dict[str, Any] = {
        "no": (last["no"] if last else 0) + 1,
        "first_seq": before + 1,
        "last_seq": until,
        "missing": missing,
        "late": late,
        "leaves": b"".join(leaves),
        "root": chain.merkle_root(leaves),
        "prev_hash": bytes(last["hash"]) if last else bytes(chain.DIGEST),
        "key_version": key_version,
        "sealed_at": now.isoformat(),
    }
    return seal | {"hash": chain.seal_hash(seal)}


_LAST = "SELECT no, last_seq, hash, sealed_at FROM audit.seal ORDER BY no DESC LIMIT 1"


def _open_gaps(connection: Connection) -> list[int]:
    """Numbers that seals of the last day have missed, and no seal since has found."""
    rows = connection.execute(
        text("SELECT missing, late FROM audit.seal WHERE sealed_at > :since ORDER BY no"),
        {"since": datetime.now(UTC) - _LATE},
    )
    gaps: set[int] = set()
    for missing, late in rows:
        gaps = (gaps | set(missing)) - set(late)
    return sorted(gaps)


def _read_seals(connection: Connection) -> list[dict[str, Any]]:
    rows = connection.execute(text("SELECT * FROM audit.seal ORDER BY no")).mappings()
    seals = []
    for row in rows:
        seal = {k: bytes(v) if isinstance(v, memoryview) else v for k, v in row.items()}
        seals.append(seal | {"sealed_at": row["sealed_at"].astimezone(UTC).isoformat()})
    return seals


def _read_events(connection: Connection) -> dict[int, dict[str, Any]]:
    asked = {"last": 0, "until": 0, "late": [], "most": None}
    rows = connection.execute(text(_EVENTS), asked).mappings()
    return {row["seq"]: _event(row) for row in rows}


def _event(row: Mapping[Any, Any]) -> dict[str, Any]:
    moment = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return dict(row) | {"at": moment}


def _against(seals: list[dict[str, Any]], file: Path, given: Path | None) -> list[str]:
    """Seals that are not those which were shipped; a file that was asked for must be there."""
    if not file.exists():
        return [f"{file.name}: there is no such file"] if given else []
    lines = file.read_text(encoding="utf-8").splitlines()
    known = {row["no"]: row["hash"] for row in map(json.loads, lines)}
    here = {seal["no"]: seal["hash"].hex() for seal in seals}
    return [
        f"seal {no}: it is not the one that was shipped"
        for no, digest in sorted(known.items())
        if here.get(no) != digest
    ]


def _ship(settings: Settings, seal: Mapping[str, Any]) -> None:
    folder = settings.home / "audit"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "seals.jsonl").open("a", encoding="utf-8") as file:
        line = {"no": seal["no"], "hash": seal["hash"].hex(), "sealed_at": seal["sealed_at"]}
        file.write(json.dumps(line) + "\n")


def _as_line(seal: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.hex() if isinstance(v, bytes) else v for k, v in seal.items()}


def _write_lines(file: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with file.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
