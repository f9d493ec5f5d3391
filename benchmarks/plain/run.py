"""The whole job of the plain stack on a city, step by step, in one process."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from benchmarks.city import school_interface, settings_of
from benchmarks.cost import Measured, Meter
from benchmarks.plain.check import check
from benchmarks.plain.clean import clean
from benchmarks.plain.link import LEGAL_ENTITIES, PERSONS, link
from benchmarks.plain.merge import add_holders, merge, number_licenses
from benchmarks.plain.read import read
from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.libraries import load_libraries
from pipelines.settings import Settings
from pipelines.warehouse import connect, stop_embedded

_CROSSWALK = ["entity_id", "source", "source_key"]
_SCHEMA = "plain"
_ROWS_AT_A_TIME = 10_000  # to_sql keeps that many as Python rows, instead of the whole table

Frames = Mapping[str, pd.DataFrame]


def run_plain(home: Path) -> Measured:
    """Everything once, from the files to PostgreSQL, whose start is not timed."""
    settings = settings_of(home)
    sources = load_sources(settings)
    _make_schema(settings)
    meter = Meter()
    with meter.stage("read"), school_interface(home):
        raw = {name: read(source) for name, source in sources.items()}
    with meter.stage("clean"):
        staged = {name: clean(sources[name], frame) for name, frame in raw.items()}
    with meter.stage("check"):
        check(sources, staged)
    with meter.stage("link"):
        records = _link(sources, staged)
    with meter.stage("merge"):
        golden = _merge(records)
    with meter.stage("load"):
        _load(settings, records, golden)
    stop_embedded(settings)
    return Measured(meter.stages, _rows(raw), _rows(golden))


def _link(sources: Mapping[str, Source], staged: Frames) -> Frames:
    """The records of each library, with ``entity_id``."""

    def records_of(library: str) -> pd.DataFrame:
        frames = [staged[name] for name, source in sources.items() if source.library == library]
        return pd.concat(frames, ignore_index=True)

    return {
        "population": link(records_of("population"), PERSONS),
        "legal_entity": link(records_of("legal_entity"), LEGAL_ENTITIES),
        "e_license": number_licenses(records_of("e_license")),
    }


def _merge(records: Frames) -> Frames:
    """The golden records of each library."""
    libraries = load_libraries()
    golden = {name: merge(frame, libraries[name]) for name, frame in records.items()}
    golden["e_license"] = add_holders(
        golden["e_license"], golden["population"], golden["legal_entity"]
    )
    return golden


def _load(settings: Settings, records: Frames, golden: Frames) -> None:
    warehouse = connect(settings)
    for name, frame in golden.items():
        tables = {name: frame, f"{name}_source": records[name][_CROSSWALK]}
        for table, rows in tables.items():
            rows.to_sql(
                table,
                warehouse,
                schema=_SCHEMA,
                if_exists="replace",
                index=False,
                chunksize=_ROWS_AT_A_TIME,
            )
    warehouse.dispose()


def _make_schema(settings: Settings) -> None:
    warehouse = connect(settings)
    with warehouse.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
    warehouse.dispose()


def _rows(frames: Frames) -> int:
    return sum(len(frame) for frame in frames.values())
