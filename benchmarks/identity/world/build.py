"""A benchmark on disk: the records as the pipeline stages them, and, apart from them, the truth.

``<home>/<library>/records.parquet`` is ``library_records``: all that a contestant is given.
``<home>/<library>/truth.parquet`` has ``source, source_key, entity``, ``planted`` (bits, see
``planted.py``) and one column per group; only the scorer reads it.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from benchmarks.identity.world.departments import (
    BATCH,
    FIRM_COLUMNS,
    PERSON_COLUMNS,
    FileOf,
    physical,
    sources,
)
from benchmarks.identity.world.firm_files import firm_files
from benchmarks.identity.world.firms import make_firms
from benchmarks.identity.world.harsher.market import make_market
from benchmarks.identity.world.harsher.market_files import MARKET_OFFICES, MARKET_TAGS, market_files
from benchmarks.identity.world.harsher.village_files import (
    VILLAGE_COLUMNS,
    VILLAGE_TAGS,
    villages_files,
)
from benchmarks.identity.world.people import make_people
from benchmarks.identity.world.person_files import person_files
from benchmarks.identity.world.planted import FIRM_TAGS, PERSON_TAGS
from pipelines.contracts.source import Source
from pipelines.libraries import load_library
from pipelines.records import current_records, library_records
from pipelines.stage import parse_rows, rename_delivered, split_rows

LIBRARIES = ("population", "legal_entity")
RECORDS_A_PERSON = 2.70
RECORDS_A_MARKET_FIRM = 2.6
RECORDS_A_VILLAGER = 3.3
PERSON_RECORDS_A_FIRM = 12.3  # as in peers' benchmarks: one firm record for five of persons
MOST_FIRMS = 99_000  # organisation codes that GB 11714 leaves to users: PDY00001 to PDY99999
RECORDS, TRUTH = "records.parquet", "truth.parquet"
_MEMORY, _THREADS = "3GB", 2
_GENERATOR = (
    "words.yml", "words.py", "rates.py", "codepoints.py", "lunar.py", "places.py", "planted.py",
    "departments.py", "people.py", "numbers_of_people.py", "build.py",
)  # fmt: skip


def make_world(home: Path, library: str, scale: int, seed: int, world: str = "city") -> Path:
    """Make about ``scale`` records of persons, or the enterprise records that go with them.

    Returns:
        The folder of the library. What is there already is used again.
    """
    maker = WORLDS[world][library]
    folder = home / (library if world == "city" else f"{world}_{library}")
    wanted = {"scale": scale, "seed": seed, "version": _version(library, maker)}
    done = folder / "world.json"
    if done.exists() and json.loads(done.read_text(encoding="utf-8")) == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    con = ibis.duckdb.connect(memory_limit=_MEMORY, threads=_THREADS, temp_directory=str(folder))
    declared = {source.name: source for source in sources(library, maker.columns)}
    staged = {}
    with pq.ParquetWriter(folder / TRUTH, _truth_schema(maker)) as truth:
        for file in maker.files(scale, seed):
            truth.write_table(_truth(file))
            staged[file.source] = _stage(con, file, declared[file.source], folder)
    records = {name: current_records(con.read_parquet(path), "snapshot")
               for name, path in staged.items()}  # fmt: skip
    rows = library_records(records, load_library(library))
    con.to_parquet(rows, folder / RECORDS, compression="zstd", compression_level=1)
    for path in staged.values():
        path.unlink()
    con.disconnect()
    done.write_text(json.dumps(wanted), encoding="utf-8")
    return folder


def _version(library: str, maker: "Maker") -> str:
    """Changes with the generator and with what the library takes from a record."""
    here = Path(__file__).parent
    texts = [(here / name).read_bytes() for name in (*_GENERATOR, *maker.modules)]
    columns = list(load_library(library).record_columns)
    return hashlib.sha256(b"".join(texts) + json.dumps(columns).encode()).hexdigest()[:16]


def _city_people(scale: int, seed: int) -> Iterator[FileOf]:
    return person_files(make_people(round(scale / RECORDS_A_PERSON), seed))


def _city_firms(scale: int, seed: int) -> Iterator[FileOf]:
    return firm_files(make_firms(min(MOST_FIRMS, round(scale / PERSON_RECORDS_A_FIRM)), seed))


def _market_firms(scale: int, seed: int) -> Iterator[FileOf]:
    return market_files(make_market(min(MOST_FIRMS, round(scale / RECORDS_A_MARKET_FIRM)), seed))


def _villagers(scale: int, seed: int) -> Iterator[FileOf]:
    return villages_files(round(scale / RECORDS_A_VILLAGER), seed)


@dataclass(frozen=True)
class Maker:
    """How a world makes the files of one library: source to columns, tags of what is planted."""

    files: Callable[[int, int], Iterator[FileOf]]
    columns: Mapping[str, str]
    tags: Sequence[str]
    groups: Sequence[str]
    modules: Sequence[str]


_PERSON_GROUPS, _FIRM_GROUPS = ("age", "name", "region", "sex"), ("kind", "region")
_FIRM_MODULES = ("firms.py", "firm_files.py")
WORLDS: Mapping[str, Mapping[str, Maker]] = {
    "city": {
        "population": Maker(
            _city_people, PERSON_COLUMNS, PERSON_TAGS, _PERSON_GROUPS, ("person_files.py",)
        ),
        "legal_entity": Maker(_city_firms, FIRM_COLUMNS, FIRM_TAGS, _FIRM_GROUPS, _FIRM_MODULES),
    },
    "market": {
        "legal_entity": Maker(
            _market_firms, {name: office.columns for name, office in MARKET_OFFICES.items()},
            MARKET_TAGS, _FIRM_GROUPS,
            (*_FIRM_MODULES, "harsher/market.py", "harsher/market.yml", "harsher/market_files.py"),
        )
    },
    "villages": {
        "population": Maker(
            _villagers, VILLAGE_COLUMNS, VILLAGE_TAGS,
            ("called", "place", "birthday", "telephone", "name"),
            ("person_files.py",
             *(f"harsher/{name}" for name in ("villages.py", "villages.yml", "village_files.py"))),
        )
    },
}  # fmt: skip


def _truth_schema(maker: Maker) -> pa.Schema:
    whole = {"source": pa.string(), "source_key": pa.string(), "entity": pa.int64()}
    planted = {"planted": pa.int64()}
    return pa.schema(whole | planted | {group: pa.string() for group in maker.groups})


def _truth(file: FileOf) -> pa.Table:
    rows = len(file.entity)
    return pa.table(
        {
            "source": pa.array([file.source]).take(pa.array([0] * rows)),
            "source_key": pa.array(file.columns["key"]).cast(pa.string()),
            "entity": file.entity,
            "planted": file.bits,
            **{name: pa.array(group).cast(pa.string()) for name, group in file.groups.items()},
        }
    )


def _stage(con: Backend, file: FileOf, source: Source, folder: Path) -> Path:
    """Through the project's parsers, as a department's file would go."""
    raw = folder / f"raw_{source.name}.parquet"
    rows = len(file.entity)
    columns = {physical(source.library, name): pa.array(texts).cast(pa.string())
               for name, texts in file.columns.items()}  # fmt: skip
    lineage = {
        "_batch": pa.array([BATCH]).take(pa.array([0] * rows)),
        "_file": pa.array([raw.name]).take(pa.array([0] * rows)),
        "_line": pa.array(range(1, rows + 1), pa.int64()),
        "_defect": pa.nulls(rows, pa.string()),
        "_text": pa.nulls(rows, pa.string()),
    }
    pq.write_table(pa.table(columns | lineage), raw)
    parsed = folder / f"parsed_{source.name}.parquet"
    con.to_parquet(
        parse_rows(rename_delivered(con.read_parquet(raw), source), source, _as_of()), parsed
    )
    staged = folder / f"staged_{source.name}.parquet"
    con.to_parquet(split_rows(con.read_parquet(parsed), source).staged, staged)
    raw.unlink()
    parsed.unlink()
    return staged


def _as_of() -> date:
    return date(int(BATCH[:4]), int(BATCH[4:6]), int(BATCH[6:]))
