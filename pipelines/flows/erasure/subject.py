"""Whom an erasure is about: an entity's records, where their rows lie, and what tells of it."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.flows.shared.session import Session
from pipelines.flows.shared.site_keys import digest_key
from pipelines.identity.review.errors import UnknownSubject
from pipelines.keyed_digests import record_fingerprint, value_digest, with_site_key
from pipelines.libraries import Library, load_libraries
from pipelines.stage.delivered import delivered_columns, delivered_name, rename_delivered
from pipelines.standards.elements import load_elements

_SHORTEST = 6  # bytes: a shorter text is found in any file
_PLACE = ("_batch", "_file", "_line")


@dataclass(frozen=True)
class Subject:
    """One entity of a library.

    Attributes:
        keys: Source and key of each of its records.
        identifiers: Values of the library's identifying element in them.
    """

    library: Library
    entity_id: str
    keys: Sequence[tuple[str, str]]
    identifiers: Sequence[str]

    @property
    def sources(self) -> list[str]:
        """The sources that have records of it."""
        return sorted({source for source, _ in self.keys})


def find_subject(session: Session, entity_id: str) -> Subject:
    """The entity as the ledger has it.

    Raises:
        UnknownSubject: no record belongs to an entity of that id.
    """
    libraries = load_libraries().values()
    library = next((each for each in libraries if entity_id.startswith(each.id_prefix)), None)
    if library is None or not session.lake.has(f"identity.{library.entity}_record"):
        raise UnknownSubject(entity_id)
    records = session.lake.read(session.con, f"identity.{library.entity}_record")
    rows = records.filter(records.entity_id == entity_id).select("source", "source_key")
    keys = [tuple(row.values()) for row in session.con.to_pyarrow(rows).to_pylist()]
    if not keys:
        raise UnknownSubject(entity_id)
    core = session.lake.read(session.con, f"core.{library.entity}")
    golden = core.filter(core.entity_id == entity_id)[library.identity.strong]
    known = {str(value) for value in session.con.to_pyarrow(golden).to_pylist() if value}
    for source, group in _by_source(keys).items():
        known |= _staged_identifiers(session, library, source, group)
    return Subject(library, entity_id, sorted(keys), sorted(known))


def _staged_identifiers(
    session: Session, library: Library, source: str, keys: Sequence[str]
) -> set[str]:
    staged = session.lake.read(session.con, f"staged.{source}")
    if library.identity.strong not in staged.columns:
        return set()
    column = staged.filter(staged.source_key.isin(keys))[library.identity.strong]
    return {str(value) for value in session.con.to_pyarrow(column).to_pylist() if value}


def rows_of(session: Session, subject: Subject, source: Source) -> ir.Table:
    """``_batch, _file, _line`` of every row of the subject in ``raw.<source>``.

    Those that were staged or set aside under one of its keys, those whose key is written as in one
    of these, and those that have its number where the source has the identifying element.
    """
    keys = [key for name, key in subject.keys if name == source.name]
    raw = rename_delivered(session.lake.read(session.con, f"raw.{source.name}"), source)
    found = [_placed(session, layer, source.name, keys) for layer in ("staged", "quarantine")]
    known = ibis.union(*found, distinct=True)
    texts = [delivered_name(column) for column in source.key_columns]
    alike = raw.semi_join(raw.semi_join(known, _PLACE).select(*texts).distinct(), texts)
    strong = [
        delivered_name(column)
        for column in source.columns
        if column.name == subject.library.identity.strong
    ]
    numbered = ibis.or_(
        ibis.literal(False),
        *(raw[name].strip().upper().isin(subject.identifiers) for name in strong),
    )
    places = [known, alike.select(*_PLACE), raw.filter(numbered).select(*_PLACE)]
    return ibis.union(*places, distinct=True)


def _placed(session: Session, layer: str, source: str, keys: Sequence[str]) -> ir.Table:
    rows = session.lake.read(session.con, f"{layer}.{source}")
    return rows.filter(rows.source_key.isin(keys)).select(*_PLACE)


def telling_values(session: Session, source: Source, rows: ir.Table) -> set[str]:
    """Texts of personal columns in ``rows`` that nobody else's row of the source has.

    By these what is left of somebody is found: a name or an address that others share tells
    nothing.
    """
    raw = rename_delivered(session.lake.read(session.con, f"raw.{source.name}"), source)
    mine, others = raw.semi_join(rows, _PLACE), raw.anti_join(rows, _PLACE)
    elements, found = load_elements(), set()
    personal = {
        delivered_name(column)
        for column in source.columns
        if column.primary_key or (column.element and elements[column.element].mask != "none")
    }
    for name in personal & {*delivered_columns(raw)}:
        texts = mine.select(text=mine[name]).distinct()
        alone = texts.anti_join(others.select(text=others[name]).distinct(), "text")
        found |= {str(text) for text in session.con.to_pyarrow(alone.text).to_pylist() if text}
    return {each for text in found for each in _spellings(text) if _is_telling(each)}


def _spellings(text: str) -> set[str]:
    """As delivered, and as cleaned."""
    folded = unicodedata.normalize("NFKC", text).strip()
    return {text.strip(), folded, folded.upper()}


def _is_telling(text: str) -> bool:
    return len(text.encode()) >= _SHORTEST


def digests_of(session: Session, subject: Subject) -> tuple[list[str], list[str]]:
    """Keyed digests: of the records, in the order of the keys; of the identifiers."""
    key = digest_key(session.settings)
    records = ibis.memtable(
        {
            "source": [source for source, _ in subject.keys],
            "source_key": [each for _, each in subject.keys],
            "place": list(range(len(subject.keys))),
        },
        schema=ibis.schema({"source": "string", "source_key": "string", "place": "int64"}),
    )
    keyed = with_site_key(records, key)
    named = keyed.select(
        "place", d=record_fingerprint(keyed.site_key, keyed.source, keyed.source_key)
    )
    of_records = session.con.to_pyarrow(named.order_by("place").d).to_pylist()
    values = ibis.memtable(
        {"value": list(subject.identifiers)}, schema=ibis.schema({"value": "string"})
    )
    told = with_site_key(values, key)
    of_values = session.con.to_pyarrow(value_digest(told.site_key, told.value)).to_pylist()
    return [str(each) for each in of_records], [str(each) for each in of_values]


def sources_of(session: Session, subject: Subject) -> Mapping[str, Source]:
    """The contracts of the sources that may have rows of the subject: all of its library."""
    sources = load_sources(session.settings)
    return {
        source.name: source
        for source in sources.values()
        if source.library == subject.library.name and session.lake.has(f"raw.{source.name}")
    }


def _by_source(keys: Sequence[tuple[str, str]]) -> Mapping[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for source, key in keys:
        grouped.setdefault(source, []).append(key)
    return grouped
