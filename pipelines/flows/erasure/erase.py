"""Erase one entity: out of every layer, out of history and answers, with a signed proof.

What departments' systems hold is theirs and stays there; when they deliver such a record again it
is taken out before it is staged. Other libraries' records that mention the same person have a
ground of their own: the certificate counts what is left of them.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from typing import Any

import ibis.expr.types as ir
from sqlalchemy import text

from pipelines.flows.erasure import rewrite
from pipelines.flows.erasure.certificate import sign
from pipelines.flows.erasure.search import search_databases, search_home
from pipelines.flows.erasure.subject import (
    Subject,
    digests_of,
    find_subject,
    rows_of,
    sources_of,
    telling_values,
)
from pipelines.flows.library.relink import ENTITY_ORDER, published_tables, relink_others
from pipelines.flows.shared.identity_ledger import QUESTION_ORDER, RECORD_ORDER
from pipelines.flows.shared.replay_start import ledger_now
from pipelines.flows.shared.session import Session, open_session
from pipelines.lake.lock import table_lock
from pipelines.settings import Settings
from pipelines.warehouse import read_publications
from pipelines.warehouse.base.publication import Publication
from pipelines.warehouse.base.publish import publish as publish_tables
from pipelines.warehouse.people import erasures

# Of the home: what is made again, was sent, or is a copy of what departments have.
_COPIES = ("landing", "outbox", "data_docs", "scratch", "cache")


@dataclass(frozen=True)
class Erased:
    """What was erased, and the certificate; ``is_clean``: nothing of it is left anywhere."""

    entity_id: str
    library: str
    rows: Mapping[str, int]
    certificate: Mapping[str, Any]

    @property
    def is_clean(self) -> bool:
        """Whether the search afterwards found nothing."""
        return not self.certificate["left_in_files"] and not self.certificate["left_in_tables"]


def erase(settings: Settings, entity_id: str, *, by: str, ground: str) -> Erased:
    """Erase an entity of a library, publish without it, search for what is left, and certify it.

    Args:
        settings: Whose home and database.
        entity_id: The entity's current id.
        by: Who asked for it, and who decided.
        ground: By which law or decision.

    Raises:
        UnknownSubject: there is no such entity.
        PublicationFailed: PostgreSQL refused what is left; say it again.
    """
    with open_session(settings) as session, ExitStack() as held:
        subject = find_subject(session, entity_id)
        sources = sources_of(session, subject)
        rewrite.hold(session, held, [subject.library, *sources.values()])
        with _places(session, subject) as places:
            values = {
                value
                for name, rows in places.items()
                for value in telling_values(session, sources[name], rows)
            }
            gone = _take_out(session, subject, places)
        _publish_without(session, subject)
        _purge(session, subject)
        for table in _rewritten(session, subject, gone):
            session.lake.forget(table)
        erasures.record_gap(session.warehouse, "erasure", ledger_now(session))
        return _certify(session, subject, by, ground, gone, sorted(values | {*subject.identifiers}))


@contextmanager
def _places(session: Session, subject: Subject) -> Iterator[dict[str, ir.Table]]:
    """Per source, where rows of the subject lie; computed, as the tables are about to change."""
    with ExitStack() as kept:
        yield {
            name: kept.enter_context(session.materialised(rows_of(session, subject, source)))
            for name, source in sources_of(session, subject).items()
        }


def _take_out(session: Session, subject: Subject, places: Mapping[str, ir.Table]) -> dict[str, int]:
    """Write the layers, the ledger and the candidates without the subject; table to rows gone."""
    library, entity = subject.library, subject.library.entity
    read = rewrite.latest_inputs(session, library)
    with session.warehouse.begin() as connection:  # first: a record that comes meanwhile is known
        erasures.keep_erased(connection, _digests(session, subject))
    gone: dict[str, int] = {}
    for name, rows in places.items():
        for layer in rewrite.LAYERS:
            batches = rewrite.rewrite_batches(
                session, f"{layer}.{name}", rewrite.without_rows(rows)
            )
            gone[f"{layer}.{name}"] = sum(batches.values())
            for batch in batches:
                rmtree(session.settings.landing_dir / name / batch, ignore_errors=True)
    rewrite.point_inputs(
        session, library, read, {name for name in places if gone[f"staged.{name}"]}
    )
    ledger = f"identity.{entity}_record"
    run = session.lake.properties(ledger, None)["run"]
    # Under another name than the run's: if that is repeated, it begins with what is here now.
    marked = {"run": run if run.endswith(_MARK) else run + _MARK}
    gone[ledger] = rewrite.rewrite_whole(
        session, ledger, _without_entity(subject), RECORD_ORDER, **marked
    )
    for suffix in ("", "_source", "_identifier"):
        for name in (f"candidate.{entity}{suffix}", f"core.{entity}{suffix}"):
            gone[name] = rewrite.rewrite_whole(
                session, name, _without_entity(subject), _order(session, name)
            )
    for suffix in ("question", "dispute", "decision", "finding"):
        gone |= _without_mentions(session, subject, f"identity.{entity}_{suffix}")
    return gone


_MARK = " without what was erased"


def _without_entity(subject: Subject) -> rewrite.Keep:
    return lambda table: table.filter(table.entity_id != subject.entity_id)


def _order(session: Session, table: str) -> list[str]:
    columns = session.lake.read(session.con, table).columns if session.lake.has(table) else ()
    known = (*ENTITY_ORDER, "record_no", *(name for name in columns if name == "source_key"))
    return [name for name in known if name in columns]


def _without_mentions(session: Session, subject: Subject, table: str) -> dict[str, int]:
    """Without rows that name one of the records, on either side."""
    if not session.lake.has(table):
        return {}
    keys = {f"{source}\x1f{key}" for source, key in subject.keys}

    def keep(rows: ir.Table) -> ir.Table:
        for side in ("", "left_", "right_"):
            source, key = f"{side}source", f"{side}key" if side else "source_key"
            if {source, key} <= {*rows.columns}:
                rows = rows.filter(~(rows[source] + "\x1f" + rows[key]).isin(keys))
        return rows

    if session.lake.batches(table):
        return {table: sum(rewrite.rewrite_batches(session, table, keep).values())}
    return {table: rewrite.rewrite_whole(session, table, keep, QUESTION_ORDER)}


def _publish_without(session: Session, subject: Subject) -> Publication | None:
    """Bring ``base``, feed and history up to it; the past of the entity loses its values."""
    library = subject.library
    published = read_publications(session.warehouse, library.name)
    if not published:
        return None
    last, unused = published[-1], erasures.unused_publication(session.warehouse)
    names = published_tables(library)
    with table_lock(session.lake.catalog.engine, f"publish {library.name}"):
        publication = publish_tables(
            session.settings,
            library,
            last.run,
            {name: session.lake.files(f"core.{name}") for name in names},
            {f"core.{name}": session.lake.snapshot_id(f"core.{name}") or 0 for name in names},
            without=last.without_sources,
            late=last.late_sources,
        )
    with session.warehouse.begin() as connection:
        erasures.purge_history(connection, library, subject.entity_id, publication.number, unused)
    relink_others(session, library, last.run)
    return publication


def _purge(session: Session, subject: Subject) -> None:
    of_records, _ = digests_of(session, subject)
    with session.warehouse.begin() as connection:
        erasures.purge_answers(connection, of_records, [subject.entity_id])
        erasures.purge_decisions(connection, subject.keys)
    with session.warehouse.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM"))


def _rewritten(session: Session, subject: Subject, gone: Mapping[str, int]) -> list[str]:
    """The tables that had rows of the subject, or name tables that had."""
    tables = {name for name, rows in gone.items() if rows}
    return sorted(tables | {f"identity.{subject.library.entity}_input"} & {*session.lake.tables()})


def _certify(
    session: Session,
    subject: Subject,
    by: str,
    ground: str,
    gone: Mapping[str, int],
    values: list[str],
) -> Erased:
    settings = session.settings
    for path in search_home(settings, values):
        if path.parts[0] in _COPIES:
            (settings.home / path).unlink(missing_ok=True)
    told = {
        "entity_id": subject.entity_id,
        "library": subject.library.name,
        "by": by,
        "ground": ground,
        "erased_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "records": len(subject.keys),
        "rows": {name: rows for name, rows in sorted(gone.items()) if rows},
        "searched_for": len(values),
        "left_in_files": _counted(search_home(settings, values)),
        "left_in_tables": search_databases(settings, values),
    }
    certificate = sign(settings, told)
    _note_outside(session, subject, told)
    with session.warehouse.begin() as connection:
        erasures.record_erasure(
            connection, subject.library.name, subject.entity_id, by, ground, json.dumps(certificate)
        )
    return Erased(subject.entity_id, subject.library.name, told["rows"], certificate)  # type: ignore[arg-type]


def _note_outside(session: Session, subject: Subject, told: Mapping[str, Any]) -> None:
    """Add it to ``audit/erasures.jsonl``, by which it is erased again in a restored backup."""
    names = ("entity_id", "library", "by", "ground", "erased_at")
    line = {name: told[name] for name in names} | {"digests": _digests(session, subject)}
    folder = session.settings.home / "audit"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "erasures.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(sign(session.settings, line), ensure_ascii=False) + "\n")


def _digests(session: Session, subject: Subject) -> list[tuple[str, str]]:
    """Source and keyed digest of each record, and of each number under ``*``."""
    of_records, of_values = digests_of(session, subject)
    records = [(source, d) for (source, _), d in zip(subject.keys, of_records, strict=True)]
    return records + [(erasures.ANY_SOURCE, digest) for digest in of_values]


def _counted(files: list[Path]) -> dict[str, int]:
    """Folder to how many of its files: a file's own name may be what was to be erased."""
    counts: dict[str, int] = {}
    for file in files:
        folder = str(Path(*file.parts[:3])) if file.parts[0] == "lake" else file.parts[0]
        counts[folder] = counts.get(folder, 0) + 1
    return counts
