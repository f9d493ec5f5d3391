"""Erase again what a restored backup brought back: one of before an erasure knows nothing of it.

Each erasure adds a line to ``audit/erasures.jsonl`` in the home: whom, by whom, why, and the keyed
digests of the records and numbers; no value; signed by the site. A site keeps that file elsewhere,
as it keeps the seals: the backup has it as it was then.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors.serving import ErasuresRefused
from pipelines.flows.erasure.certificate import is_genuine, public_keys
from pipelines.flows.erasure.erase import Erased, erase
from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.shared.site_keys import digest_key
from pipelines.keyed_digests import record_fingerprint, value_digest, with_site_key
from pipelines.libraries import Library, load_library
from pipelines.settings import Settings
from pipelines.warehouse.people.erasures import ANY_SOURCE, keep_erased


def erase_again(settings: Settings, file: Path) -> list[Erased]:
    """Erase every entity that has a record or a number of those which the file says were erased.

    Whatever id it has here: what was merged when it was erased may be apart in a backup. What the
    backup does not have yet is not taken in when it is delivered.

    Raises:
        ErasuresRefused: a line is none that this site signed; nothing is erased.
    """
    lines = _read(settings, file)
    done = []
    for line in lines:
        digests = [(str(source), str(digest)) for source, digest in line["digests"]]
        with open_session(settings) as session:
            with session.warehouse.begin() as connection:
                keep_erased(connection, digests)
            found = sorted({*_entities(session, load_library(line["library"]), digests)})
        done += [erase(settings, one, by=line["by"], ground=line["ground"]) for one in found]
    return done


def _read(settings: Settings, file: Path) -> list[Mapping[str, Any]]:
    ours = {*public_keys(settings).values()}
    lines: list[Mapping[str, Any]] = []
    for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            line = json.loads(text)
        except ValueError:
            raise ErasuresRefused(file, number) from None
        if not (isinstance(line, dict) and line.get("public_key") in ours and is_genuine(line)):
            raise ErasuresRefused(file, number)
        lines.append(line)
    return lines


def _entities(
    session: Session, library: Library, digests: Sequence[tuple[str, str]]
) -> Iterator[str]:
    """Entities of which a record, or the identifying number, is one of those that were erased."""
    key = digest_key(session.settings)
    records, golden = f"identity.{library.entity}_record", f"core.{library.entity}"
    if session.lake.has(records):
        rows = with_site_key(session.lake.read(session.con, records), key)
        known = [digest for source, digest in digests if source != ANY_SOURCE]
        named = record_fingerprint(rows.site_key, rows.source, rows.source_key).isin(known)
        yield from session.con.to_pyarrow(rows.filter(named).entity_id).to_pylist()
    if session.lake.has(golden):
        rows = with_site_key(session.lake.read(session.con, golden), key)
        known = [digest for source, digest in digests if source == ANY_SOURCE]
        number = rows[library.identity.strong]
        named = number.notnull() & value_digest(rows.site_key, number.cast("string")).isin(known)
        yield from session.con.to_pyarrow(rows.filter(named).entity_id).to_pylist()
