"""Which suites apply to what, and with which parameters.

A suite is a file of ``expectations/``; its name says what it is run on: ``<table>.json`` applies to
that table of every source or library, ``<table>.<source>.json`` to one source in addition.
Suites of a site's own libraries stand in ``expectations/`` of the folder that declares them.
``docs/expectations.md`` is the guide to writing one.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from pipelines.contracts.source import Source
from pipelines.libraries.declaration import Library
from pipelines.quality.breaches import Claim
from pipelines.quality.volume import volume_bounds
from pipelines.standards.code_tables import load_code_table
from pipelines.standards.declared import site_folders
from pipelines.standards.rules import rules_of_no_record

# Thousands of codes, with a history: their parsers judge them, a set would not.
_OPEN_CODE_TABLES = {"region", "industry"}

SOURCE_TABLES = ("raw", "staged", "findings", "drift")


@dataclass(frozen=True)
class SuiteRun:
    """One suite to be run on one table, with the values of its ``$PARAMETER``s."""

    file: Path
    table: str
    parameters: Mapping[str, object] = field(default_factory=dict)


def suites_for_source(
    source: Source, expectations_dir: Path, parameters: Mapping[str, object]
) -> list[SuiteRun]:
    """The default suites of every source, then those of this one.

    Args:
        source: The contract.
        expectations_dir: Folder of the suites.
        parameters: See ``source_parameters``.

    Returns:
        Runs on the tables ``raw``, ``staged``, ``findings`` (``profile.py``) and ``drift``.
    """
    names = [(table, table) for table in SOURCE_TABLES]
    names += [(f"{table}.{source.name}", table) for table in SOURCE_TABLES]
    return _existing(expectations_dir, names, parameters)


def suites_for_library(
    library: Library, expectations_dir: Path, parameters: Mapping[str, object]
) -> list[SuiteRun]:
    """The suites of a library's golden records and of its crosswalk.

    A library without a suite of its own, ``core.<entity>.json``, has the default one, ``core``.

    Returns:
        Runs on the tables ``core_<entity>`` and ``identity_record``.
    """
    table = f"core_{library.entity}"
    ledger = _existing(expectations_dir, [("identity.record", "identity_record")], parameters)
    own = _existing(expectations_dir, [(f"core.{library.entity}", table)], parameters)
    return ledger + (own or _existing(expectations_dir, [("core", table)], parameters))


def read_claims(expectations_dir: Path, suites: Collection[str]) -> Mapping[tuple[str, str], Claim]:
    """What the expectations of some suites declare, by suite and name; a missing file: nothing."""
    claims = {}
    for suite in suites:
        file = expectations_dir / f"{suite}.json"
        declared = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        for each in declared.get("expectations", ()):
            meta = each["meta"]
            claims[suite, meta["name"]] = Claim(each["kwargs"], meta.get("unit", ""))
    return claims


def read_suite_parameters(expectations_dir: Path, suite: str) -> Mapping[str, float]:
    """The parameters that a suite of the package declares itself; none if there is no such file."""
    file = expectations_dir / f"{suite}.json"
    declared = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return dict(declared.get("suite_parameters", {}))


def source_parameters(source: Source, history: Sequence[int]) -> Mapping[str, object]:
    """What the suites of a source may ask for.

    Args:
        source: The contract.
        history: Row counts of the batches of this source that were accepted before.

    Returns:
        ``min_rows`` and ``max_rows``: usual volume. ``floor_rows``: fewer cannot be a whole
        delivery; half the usual volume for a snapshot, 0 for a delta, which may be small.
        ``frequency_days``: how often the contract promises a delivery.
    """
    low, high = volume_bounds(history)
    usual = median(history) if history else 0
    return {
        "min_rows": low,
        "max_rows": high,
        "floor_rows": max(1, usual // 2) if source.delivery == "snapshot" else 0,
        "frequency_days": source.frequency / timedelta(days=1),
    }


def library_parameters(
    library: Library, run_date: date, published_rows: int
) -> Mapping[str, object]:
    """What the suites of a library may ask for.

    Args:
        library: The declaration.
        run_date: The date of the data; nothing may have happened after it.
        published_rows: Entities in the last publication, 0 before the first.

    Returns:
        ``run_date``, ``published_rows``, and ``<code table>_codes`` for each short code table that
        a golden column refers to.
    """
    tables = {table for c in library.columns.values() if (table := c.element.code_table)}
    closed = sorted(tables - _OPEN_CODE_TABLES)
    codes = {f"{name}_codes": list(load_code_table(name)["code"]) for name in closed}
    return {"run_date": run_date, "published_rows": published_rows, **codes}


def raw_view(delivered: str, as_of: date) -> str:
    """SQL of the table ``raw`` that the raw suites run on: what was delivered, and how old it is.

    ``_unreadable`` is how many of its lines have a defect. Rows that are no records, as headers
    within and totals below, are left out: nothing is lost with them.

    Args:
        delivered: Name of the table with one batch of ``raw.<source>``.
        as_of: The day the delivery arrived. Its age is counted from the date of the batch.
    """
    dated = "CAST(strptime(left(_batch, 8), '%Y%m%d') AS DATE)"
    age = f"date_diff('day', {dated}, DATE '{as_of.isoformat()}')"
    no_record = ", ".join(f"'{rule}'" for rule in rules_of_no_record())
    records = f"coalesce(_defect NOT IN ({no_record}), true)"
    unreadable = "count(_defect) OVER () AS _unreadable"
    return f"SELECT *, {age} AS _age_days, {unreadable} FROM {delivered} WHERE {records}"  # noqa: S608 - names, a date


def empty_core(library: Library) -> str:
    """SQL of a golden table without rows, for a library that has not been built yet."""
    columns = {"entity_id": "string", **library.value_columns}
    nulls = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in columns.items())
    return f"SELECT {nulls} WHERE false"


def _existing(
    folder: Path, names: Sequence[tuple[str, str]], parameters: Mapping[str, object]
) -> list[SuiteRun]:
    folders = [folder, *(site / folder.name for site in site_folders())]
    files = [(each / f"{name}.json", table) for name, table in names for each in folders]
    return [SuiteRun(file, table, parameters) for file, table in files if file.exists()]
