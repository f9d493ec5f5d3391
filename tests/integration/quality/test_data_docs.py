"""Data Docs: pages of every run, bounded, without a value of the data, without the network."""

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.engines.gx import data_docs
from pipelines.engines.gx.run import run_suites
from pipelines.quality.suites import SuiteRun

BORN = "1931-07-09"


@pytest.fixture
def check(module_settings, tmp_path):
    suite = {
        "name": "people",
        "meta": {},
        "expectations": [
            _expectation(
                "nobody_is_old", "expect_column_max_to_be_between", max_value="1900-01-01"
            ),
            _expectation("everybody_has_one", "expect_column_values_to_not_be_null"),
            _expectation("there_is_such_a_column", "expect_column_values_to_be_unique", column="x"),
        ],
    }
    file = tmp_path / "people.json"
    file.write_text(json.dumps(suite), encoding="utf-8")

    def run(batch: str):
        people = pa.table({"born": [BORN, None]})
        return run_suites(
            module_settings, {"people": people}, [SuiteRun(file, "people")], about=("a__b", batch)
        )

    return run, module_settings.data_docs_dir


def _expectation(name, kind, **kwargs):
    meta = {"name": name, "note_zh": "。", "indicator": ""}
    return {
        "type": kind,
        "severity": "warning",
        "meta": meta,
        "kwargs": {"column": "born"} | kwargs,
    }


def test_each_run_has_its_pages_and_the_index_leads_there(check):
    run, site = check
    assert [outcome.success for outcome in run("20260629")] == [False, False, False]
    run("20260630")
    index = (site / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="([^"]+)"', index)
    assert links == ["a__b/20260630/people.html", "a__b/20260629/people.html"]
    for link in links:
        page = (site / link).read_text(encoding="utf-8")
        assert "born" in page
        assert BORN not in page, "a largest value is somebody's"
        assert not re.search(r"<(link|script|img)[^>]+https?://", page)


def test_history_is_bounded(check, monkeypatch):
    run, site = check
    for old in ("20260601", "20260602", "20260603"):
        (site / "a__b" / old).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(data_docs, "KEPT_RUNS", 2)
    run("20260701")
    assert len(list((site / "a__b").iterdir())) == 2
    assert (site / "a__b" / "20260701").exists()


def test_a_page_that_cannot_be_written_stops_nothing(check, monkeypatch, caplog):
    run, _ = check

    def refuse(target: Path, text: str) -> None:
        raise PermissionError(target)

    monkeypatch.setattr(data_docs, "_replace", refuse)
    assert len(run("20260702")) == 3
    assert "no Data Docs page" in caplog.text
