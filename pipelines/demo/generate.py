"""Generate the demo city: deliveries of all its sources, and the ground truth."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.demo.deliveries import e_license, legal_entity, population
from pipelines.demo.deliveries.feed import CHUNK, Delivered, Feed, deliver
from pipelines.demo.text import join, number
from pipelines.demo.world.city import City, make_city
from pipelines.demo.world.today import FIRST_BATCH, seen_on

FEEDS: Sequence[Feed] = (*population.FEEDS, *legal_entity.FEEDS, *e_license.FEEDS)
_FIRST = "first_batch"  # file with the id of the first batch
_PREFIX = {"person": "P", "legal_entity": "E", "license": "L"}
_TRUTH = pa.schema(
    [("source", pa.string()), ("source_key", pa.string()), ("true_entity", pa.string())]
)

_PLANTED = pa.schema([("rule", pa.string()), ("source", pa.string()), ("source_key", pa.string())])


@dataclass(frozen=True)
class DemoCity:
    """What ``generate`` wrote: counts and files."""

    out: Path
    batch: str
    persons: int
    legal_entities: int
    licenses: int
    records: Mapping[str, int]  # source to records delivered in this batch, usable or not
    spoiled: Mapping[str, int]  # "element.kind" to values or records spoiled in this batch
    truth: Mapping[str, Path]  # entity to the Parquet file with source, source_key, true_entity
    planted: Mapping[str, int]  # rule to records that contradict another department


def generate(
    out: Path,
    persons: int = 20_000,
    seed: int = 1,
    batch: str = FIRST_BATCH,
    first: str = FIRST_BATCH,
) -> DemoCity:
    """Write one batch of deliveries of the fictional city below ``out``, and the truth.

    The same arguments give the same bytes, whatever the clock, the locale or the machine. The first
    batch has every source; a later one has those that deliver daily: the new deaths and
    moves, and the household register with about 1 % of its records moved, corrected or new. The
    truth of a later batch also holds that of the first. ``truth/contradiction.parquet`` names the
    records of the first batch that contradict another department, and by which rule.

    Args:
        out: Folder for the deliveries (``<out>/<department>/…``) and ``<out>/truth``.
        persons: Size of the population; about three source records each.
        seed: Another seed, another city.
        batch: Batch id; its date must not be before that of the first.
        first: Id of the city's first batch: everything in the city lies before its day.

    Raises:
        BadBatchId: the batch id does not begin with a date.
        DemoBatchTooEarly: the batch is from before the first delivery.
    """
    with seen_on(first):
        return _write(out, make_city(persons, seed, batch), batch)


def first_batch_of(out: Path) -> str | None:
    """Id of the first batch that was written to a folder."""
    file = out / _FIRST
    if file.is_file():
        return file.read_text(encoding="ascii").strip()
    return FIRST_BATCH if (out / "truth").is_dir() else None  # of an earlier version


def _write(out: Path, city: City, batch: str) -> DemoCity:
    records: dict[str, int] = {}
    spoiled: Counter[tuple[str, str]] = Counter()
    feeds = [feed for feed in FEEDS if city.is_first or feed.daily]
    truth = _truth_files(out)
    planted: list[pa.Table] = []
    for entity, path in truth.items():
        of_entity = [feed for feed in feeds if feed.entity == entity]
        with _truth_writer(path, renew=city.is_first) as write_truth:
            for feed in of_entity:
                records[feed.source] = 0
                for chunk in deliver(feed, city, out, spoiled):
                    records[feed.source] += chunk.lines
                    write_truth(_true_rows(feed, chunk))
                    planted += _planted_rows(feed, chunk)
    if city.is_first:
        (out / _FIRST).write_text(batch, encoding="ascii")
        pq.write_table(pa.concat_tables([_PLANTED.empty_table(), *planted]), _planted_file(out))
    return DemoCity(
        out=out,
        batch=batch,
        persons=len(city.people),
        legal_entities=len(city.firms),
        licenses=len(city.licenses),
        records=records,
        spoiled={f"{element}.{kind}": n for (element, kind), n in sorted(spoiled.items())},
        truth=truth,
        planted=dict(
            sorted(Counter(r for rows in planted for r in rows["rule"].to_pylist()).items())
        ),
    )


def _planted_rows(feed: Feed, chunk: Delivered) -> list[pa.Table]:
    return [
        pa.table(
            [pa.array([rule] * len(keys)), pa.array([feed.source] * len(keys)), keys],
            schema=_PLANTED,
        )
        for rule, keys in chunk.planted.items()
    ]


def _planted_file(out: Path) -> Path:
    return out / "truth" / "contradiction.parquet"


def _true_rows(feed: Feed, chunk: Delivered) -> pa.Table:
    rows = len(chunk.keys)
    entity = join(_PREFIX[feed.entity], number(chunk.entities, 9))
    source = pa.array(np.full(rows, feed.source), pa.string())
    return pa.table([source, chunk.keys, entity], schema=_TRUTH)


@contextmanager
def _truth_writer(path: Path, *, renew: bool) -> Iterator[Callable[[pa.Table], None]]:
    """Write a truth file; one that is not to be renewed keeps its rows and gets the new ones."""
    if renew or not path.exists():
        with pq.ParquetWriter(path, _TRUTH, compression="zstd") as writer:
            yield writer.write_table
        return
    tables = [pq.read_table(path)]
    written = _record_names(tables[0])

    def keep_new(rows: pa.Table) -> None:
        repeated = pc.is_in(_record_names(rows), value_set=written)
        tables.append(rows.filter(pc.invert(repeated)))

    yield keep_new
    rows = pa.concat_tables(tables).combine_chunks()
    pq.write_table(rows, path, compression="zstd", row_group_size=CHUNK)


def _record_names(truth: pa.Table) -> pa.ChunkedArray:
    """Source and key of each row in one text."""
    return pc.binary_join_element_wise(truth["source"], truth["source_key"], "\t")


def _truth_files(out: Path) -> dict[str, Path]:
    folder = out / "truth"
    folder.mkdir(parents=True, exist_ok=True)
    return {entity: folder / f"{entity}.parquet" for entity in _PREFIX}
