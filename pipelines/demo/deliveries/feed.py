"""Feeds: one data set of one department with its records, columns, errors and file format.

``deliver`` writes one batch of one feed chunk by chunk and yields its ground truth, so that
a large city needs no more memory than a small one.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.demo import rates
from pipelines.demo.deliveries.writers import Writer
from pipelines.demo.dirt.choose import put, spoil
from pipelines.demo.dirt.contradictions import Plant, plant
from pipelines.demo.text import Bools, Ints, day_text, join, number, pick
from pipelines.demo.world.city import City, written

CHUNK = 50_000
_IDENTITY = {
    "person_name", "citizen_id", "organization_name", "uscc", "organization_code",
    "registration_number", "license_identifier", "holder_code",
}  # fmt: skip
_OLD_CHANGES = ("2016-03-01 09:00:00", "2018-11-20 15:40:12", "2020-07-09 10:21:33")

Columns = Mapping[str, pa.Array]


@dataclass(frozen=True)
class Feed:
    """One department data set of the demo city; see the fields."""

    source: str  # stem of its contract
    entity: str  # person | legal_entity | license
    file: str  # below the demo folder; {batch} stands for the batch id
    elements: Mapping[str, str]  # physical column to data element, as in its contract
    key: tuple[str, ...]  # physical columns of the record's key
    rows: Callable[[City], Ints]  # rows of the entity's arrays that are delivered
    build: Callable[[City, Ints, np.random.Generator], Columns]  # clean columns, in delivered order
    writer: Callable[[Path], Writer]
    factor: float = 1.0  # how careless the department is
    spreadsheet: bool = False  # whether the data went through a spreadsheet
    changed_at: str | None = None  # physical column of the change time
    daily: bool = False  # whether it delivers again after the first batch
    late_rows: Callable[[City], Ints] | None = None  # new records of a later snapshot
    kinds: Mapping[str, str] | None = None  # column to the element whose dirt it gets, if another
    subject: Callable[[City, Ints], Ints] | None = None  # rows of the entity behind ``rows``
    plants: Sequence[Plant] = ()  # contradictions with other departments


@dataclass(frozen=True)
class Delivered:
    """The truth about a chunk: keys and rows of the entity's arrays that can be used."""

    keys: pa.Array
    entities: Ints
    lines: int  # records written, usable or not
    planted: Mapping[str, pa.Array]  # rule to the keys of usable records that carry it


def deliver(
    feed: Feed, city: City, out: Path, counts: Counter[tuple[str, str]]
) -> Iterator[Delivered]:
    """Write one batch of a feed below ``out``; ``counts`` gets what was spoiled and how."""
    path = out / feed.file.format(batch=city.batch)
    path.parent.mkdir(parents=True, exist_ok=True)
    for earlier in (path, *path.parent.glob(f"{path.stem}_[0-9]*{path.suffix}")):
        earlier.unlink(missing_ok=True)  # a smaller city may need fewer files
    writer = feed.writer(path)
    for chunk, rows in _chunks(feed, city):
        rng = city.rng(crc32(feed.source.encode()), chunk)
        yield _deliver_chunk(feed, city, rows, rng, writer, counts)
    writer.close()


def _chunks(feed: Feed, city: City) -> Iterator[tuple[int, Ints]]:
    """Rows in chunks, each with the number that seeds it; late rows disturb no other chunk."""
    rows = feed.rows(city)
    for start in range(0, max(len(rows), 1), CHUNK):
        yield start // CHUNK, rows[start : start + CHUNK]
    if feed.late_rows and not city.is_first:
        yield 1_000_000, feed.late_rows(city)


def _deliver_chunk(
    feed: Feed,
    city: City,
    rows: Ints,
    rng: np.random.Generator,
    writer: Writer,
    counts: Counter[tuple[str, str]],
) -> Delivered:
    chance = city.rng(crc32(feed.source.encode()), int(rows[0]) if len(rows) else 0, 1)
    clean, carried = plant(feed.plants, city, rows, feed.build(city, rows, rng), chance)
    columns = _spoil_columns(feed, clean, rng, counts)
    columns, usable = _spoil_records(feed, columns, rng, counts)
    if not city.is_first:
        columns = _amend(feed, city, clean, columns)
    older = _older_versions(feed, columns, usable, rng, counts)
    delivered = {name: pa.concat_arrays([columns[name], older[name]]) for name in columns}
    whole = writer.write(delivered, rng)
    counts["line", "damaged"] += int((~whole).sum())
    keys = pc.binary_join_element_wise(*(columns[name] for name in feed.key), "|")
    good = np.flatnonzero(usable & whole[: len(rows)])
    entities = feed.subject(city, rows) if feed.subject else rows
    planted = {
        rule: keys.take(pa.array(np.intersect1d(places, good))) for rule, places in carried.items()
    }
    return Delivered(keys.take(pa.array(good)), entities[good], len(whole), planted)


def _spoil_columns(
    feed: Feed, clean: Columns, rng: np.random.Generator, counts: Counter[tuple[str, str]]
) -> dict[str, pa.Array]:
    kinds = {**feed.elements, **(feed.kinds or {})}
    return {
        name: spoil(
            texts,
            kinds.get(name, ""),
            rng,
            factor=feed.factor,
            spreadsheet=feed.spreadsheet,
            counts=counts,
        )
        for name, texts in clean.items()
    }


def _spoil_records(
    feed: Feed, columns: Columns, rng: np.random.Generator, counts: Counter[tuple[str, str]]
) -> tuple[dict[str, pa.Array], Bools]:
    """Take the key or everything that identifies from a few records."""
    rows = len(next(iter(columns.values())))
    no_key, no_identity = rng.random((2, rows)) < [
        [rates.EMPTY_KEY],
        [rates.EMPTY_ROW_IDENTITY],
    ]
    counts["record", "empty_key"] += int(no_key.sum())
    counts["record", "no_identity"] += int(no_identity.sum())
    spoiled = dict(columns)
    for name in feed.key:
        spoiled[name] = pc.if_else(pa.array(no_key), "", spoiled[name])
    for name, element in feed.elements.items():
        if element in _IDENTITY:
            spoiled[name] = pc.if_else(pa.array(no_identity), "", spoiled[name])
    return spoiled, ~(no_key | no_identity)


def _amend(feed: Feed, city: City, clean: Columns, columns: Columns) -> dict[str, pa.Array]:
    """What changed since yesterday: corrected records have no dirt, and today's change time."""
    amended = dict(columns)
    if not feed.changed_at or feed.late_rows is None:
        return amended
    rows = len(clean[feed.changed_at])
    rng = city.rng(crc32(feed.source.encode()), city.day, rows)
    changed = np.flatnonzero(rng.random(rows) < rates.CHANGED_SHARE)
    for name in clean:
        amended[name] = put(amended[name], changed, clean[name].take(pa.array(changed)))
    now = pa.array([written(city.day - 1, "%Y-%m-%d") + " 17:30:00"] * len(changed), pa.string())
    amended[feed.changed_at] = put(amended[feed.changed_at], changed, now)
    return amended


def _older_versions(
    feed: Feed,
    columns: Columns,
    usable: Bools,
    rng: np.random.Generator,
    counts: Counter[tuple[str, str]],
) -> dict[str, pa.Array]:
    """Older states of a few records under the same key, with addresses that they have left."""
    share = rates.OLDER_VERSION if feed.changed_at else 0.0
    chosen = np.flatnonzero((rng.random(len(usable)) < share) & usable)
    counts["record", "older_version"] += len(chosen)
    older = {name: texts.take(pa.array(chosen)) for name, texts in columns.items()}
    for name, element in feed.elements.items():
        if element == "address":
            older[name] = columns[name].take(pa.array(np.roll(chosen, 1)))
    if feed.changed_at:
        when = rng.integers(0, len(_OLD_CHANGES), len(chosen))
        older[feed.changed_at] = pick(_OLD_CHANGES, when)
    return older


def change_times(rng: np.random.Generator, rows: int, last: int) -> pa.Array:
    """Times of the latest change, within the last five years before the day ``last``."""
    days = last - 1 - rng.integers(0, 5 * 365, rows)
    hours, minutes, seconds = rng.integers([[8], [0], [0]], [[18], [60], [60]], (3, rows))
    clock = join(number(hours, 2), ":", number(minutes, 2), ":", number(seconds, 2))
    return join(day_text(days, "%Y-%m-%d"), " ", clock)
