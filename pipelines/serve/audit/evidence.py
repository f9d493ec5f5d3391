"""Evidence of a period: log and seals, grants, decisions, publications, and how to check them.

The log is written whole, because its chain is one; the other tables hold what was in force, decided
or published in the period. ``check.py`` in the bundle needs nothing but Python.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from pipelines.serve.audit import bundle_check
from pipelines.serve.audit.seal import write_bundle
from pipelines.settings import Settings
from pipelines.warehouse import connect
from pipelines.warehouse.quality.audit_events import Event, note_event


@dataclass(frozen=True)
class Evidence:
    """What was written: rows by file, and the SHA-256 of the manifest, to be kept elsewhere."""

    rows: Mapping[str, int]
    digest: str


def write_evidence(settings: Settings, folder: Path, since: date, until: date) -> Evidence:
    """Write the bundle of a period into a new folder.

    Raises:
        AuditBroken: the log is not as it was sealed; nothing is written.
    """
    verified = write_bundle(settings, folder)
    engine = connect(settings)
    try:
        with engine.connect() as connection:
            period = {"since": since, "until": until}
            rows = {
                f"{name}.jsonl": _write(connection, query, period, folder / f"{name}.jsonl")
                for name, query in _TABLES.items()
            }
        (folder / "check.py").write_text(_source(), encoding="utf-8")
        digest = _write_manifest(folder, since, until)
        with engine.begin() as connection:
            case = f"{since} to {until}"
            note_event(connection, Event("evidence", "ok", case_no=case, request=digest))
    finally:
        engine.dispose()
    return Evidence({"events.jsonl": verified.events, **rows}, digest)


def _write(connection: Connection, query: str, period: Mapping[str, date], file: Path) -> int:
    rows = connection.execute(text(query), period).mappings().all()
    with file.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(dict(row), ensure_ascii=False, default=str) + "\n")
    return len(rows)


def _source() -> str:
    return Path(bundle_check.__file__).read_text(encoding="utf-8")


def _write_manifest(folder: Path, since: date, until: date) -> str:
    files = sorted(each for each in folder.iterdir() if each.is_file())
    digests = {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in files}
    manifest: dict[str, Any] = {"since": str(since), "until": str(until), "files": digests}
    content = json.dumps(manifest, indent=1, sort_keys=True).encode()
    (folder / bundle_check.MANIFEST).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


# Neither keys of records nor reasons: both may name somebody.
_TABLES: Mapping[str, str] = {
    "grants": """
SELECT name, consumer, library, valid_from, valid_to, is_active, declared, applied_at, applied_by
FROM serve.grant WHERE valid_from <= :until AND valid_to >= :since ORDER BY name""",
    "decisions": """
SELECT id, act, library, question, opinion, verdict, cause, decided_by, decided_at
FROM identity.decision
WHERE (decided_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN :since AND :until ORDER BY id""",
    "publications": """
SELECT id, library, run, status, row_counts, fingerprint, published_at FROM quality.publication
WHERE (published_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN :since AND :until ORDER BY id""",
    "disputes": """
SELECT id, entity, column_name, source, department, state, raised_at, due_date, closed_at
FROM quality.dispute
WHERE (raised_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN :since AND :until ORDER BY id""",
}
