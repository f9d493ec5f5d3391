"""What every suite under ``expectations/`` owes its readers; read as plain JSON, without GX."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts import load_sources
from pipelines.libraries import load_libraries
from pipelines.quality.suites import SOURCE_TABLES
from pipelines.settings import load_settings
from pipelines.standards.scores import load_scoring

ROOT = Path(__file__).parents[2]
SUITES = sorted((ROOT / "expectations").glob("*.json"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _expectations(file: Path) -> list[dict[str, Any]]:
    return json.loads(file.read_text(encoding="utf-8"))["expectations"]


def test_there_is_a_default_for_every_table() -> None:
    cores = {f"core.{library.entity}" for library in load_libraries().values()}
    assert {file.stem for file in SUITES} >= {*SOURCE_TABLES, "identity.record", *cores}


@pytest.mark.parametrize("file", SUITES, ids=lambda file: file.stem)
def test_a_suite_is_named_as_its_file(file: Path) -> None:
    assert json.loads(file.read_text(encoding="utf-8"))["name"] == file.stem


@pytest.mark.parametrize("file", SUITES, ids=lambda file: file.stem)
def test_every_expectation_says_what_it_claims_and_how_bad_it_is(file: Path) -> None:
    for each in _expectations(file):
        assert each["severity"] in {"critical", "warning", "info"}, each
        assert re.fullmatch(r"[a-z][a-z0-9_]+", each["meta"]["name"]), each
        assert CHINESE.search(each["meta"]["note_zh"]), each
        assert each["meta"]["indicator"] in {"", *load_scoring().indicators}, each
    names = [each["meta"]["name"] for each in _expectations(file)]
    assert len(names) == len(set(names))


def test_a_suite_for_one_source_is_about_a_source_and_columns_that_exist() -> None:
    sources = load_sources(load_settings(sources=str(ROOT / "sources")))
    own = [file for file in SUITES if "__" in file.stem]
    assert own
    for file in own:
        table, _, name = file.stem.partition(".")
        assert table in SOURCE_TABLES
        assert name in sources, f"{file.name}: no contract declares {name}; rename or delete it."
        columns = {column.name for column in sources[name].columns}
        for each in _expectations(file):
            assert _columns_named(each["kwargs"]) <= columns, each["meta"]["name"]


def _columns_named(kwargs: Any) -> set[str]:
    """Source columns that a suite on the finding profile picks out by ``column_name == ...``."""
    if isinstance(kwargs, list):
        return set().union(*(_columns_named(each) for each in kwargs))
    if not isinstance(kwargs, dict):
        return set()
    if kwargs.get("column") == {"name": "column_name"}:
        return {kwargs["parameter"]}
    return _columns_named(list(kwargs.values()))
