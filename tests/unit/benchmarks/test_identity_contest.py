"""From a small world to a scored answer: staged by the project's parsers, labelled, measured."""

import dataclasses

import duckdb
import pytest

from benchmarks.identity.contest import Cost, contend
from benchmarks.identity.report import Board, Outcome, as_markdown
from benchmarks.identity.scoreboard import board, score_answer
from benchmarks.identity.world.build import WORLDS, make_world
from benchmarks.machine import Machine

SCALE = 2_500  # person records; the enterprises that go with them


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("identity")
    make_world(home, "legal_entity", SCALE, 3)
    return home


@pytest.fixture(scope="module")
def made(home):
    return board("legal_entity", SCALE, 3, ["exact id"], home)


def test_every_staged_record_is_labelled_and_no_label_is_staged(home):
    folder = home / "legal_entity"
    con = duckdb.connect()  # one of its own: DuckDB's shared one has what other tests left in it
    records = con.read_parquet(str(folder / "records.parquet"))
    truth = con.read_parquet(str(folder / "truth.parquet"))
    keys = "source, source_key"
    assert len(con.sql(f"SELECT {keys} FROM records EXCEPT SELECT {keys} FROM truth")) == 0
    assert len(truth) - len(records) <= 0.002 * len(truth)  # what has neither name nor number
    assert not {"entity", "planted", "kind", "region"} & set(records.columns)


def test_a_world_is_made_once(home):
    before = (home / "legal_entity" / "records.parquet").stat().st_mtime_ns
    make_world(home, "legal_entity", SCALE, 3)
    assert (home / "legal_entity" / "records.parquet").stat().st_mtime_ns == before


def test_exact_codes_group_few_wrongly_and_miss_many(made):
    (outcome,) = made.outcomes
    assert outcome.scores is not None
    assert 0.95 <= outcome.scores.overall.precision <= 1
    assert 0.7 <= outcome.scores.overall.recall < 0.99
    missed = {row[0]: row[2] for row in outcome.scores.anatomy.by_tag}
    assert missed["no_code"] > 0


def test_the_truth_as_answer_scores_perfectly(home, tmp_path):
    folder = home / "legal_entity"
    con = duckdb.connect()
    con.execute(f"CREATE TABLE truth AS SELECT *, 'x' AS number FROM '{folder}/truth.parquet'")
    con.execute(
        f"COPY (SELECT source, source_key, entity AS cluster FROM truth)"
        f" TO '{tmp_path}/answer.parquet'"
    )
    whole = score_answer(con, WORLDS["city"]["legal_entity"], tmp_path).overall
    assert (whole.precision, whole.recall, whole.b3) == (1, 1, 1)


def test_cost_is_that_of_the_work_and_all_its_processes(home):
    out, cost = contend("exact id", home / "legal_entity", "legal_entity", home)
    assert (out / "answer.parquet").exists()
    assert cost.cpu_seconds > 0
    assert cost.seconds > 0
    assert cost.peak_mib > 30  # an interpreter with DuckDB


def test_the_board_tells_figures_and_failures(made):
    (outcome,) = made.outcomes
    failed = Outcome("GoldenMatch, as documented", None, None, "failed: out of memory")
    ours = dataclasses.replace(outcome, contestant="baselib", cost=Cost(1.5, 2.5, 300))
    both = Board("legal_entity", 10, 5, [ours, failed])
    text = as_markdown([both], Machine(2, 24.0, 0.5, "3.11"), SCALE, 3)
    assert f"| baselib | {ours.scores.overall.precision:.5f} |" in text
    assert "| 1.5 | 2.5 | 300 |" in text
    assert "failed: out of memory" in text
    assert "| no_code |" in text
    assert "≥ 0.99 | not met |" in text
