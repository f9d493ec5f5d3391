"""The whole contest: make the worlds, let everybody answer, score, tell."""

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from benchmarks.identity.contest import contend
from benchmarks.identity.report import Board, Outcome
from benchmarks.identity.scores import Rows, Scores, calibration, score, share_decided
from benchmarks.identity.world.build import RECORDS, TRUTH, WORLDS, Maker, make_world
from pipelines.libraries import load_library


def board(
    library: str,
    scale: int,
    seed: int,
    contestants: Sequence[str],
    home: Path,
    world: str = "city",
) -> Board:
    """Everybody's answer for one library of a world, scored."""
    folder = make_world(home, library, scale, seed, world)
    con = _truth(folder, library)
    outcomes = []
    for contestant in contestants:
        try:
            out, cost = contend(contestant, folder, library, home)
        except subprocess.CalledProcessError as failed:
            last = str(failed.output).strip().splitlines()[-1:]
            outcomes.append(Outcome(contestant, None, None, f"failed: {' '.join(last)}"))
            continue
        outcomes.append(Outcome(contestant, score_answer(con, WORLDS[world][library], out), cost))
    records, entities = con.execute(
        "SELECT count(*), count(DISTINCT entity) FROM truth"
    ).fetchall()[0]
    return Board(library, records, entities, outcomes, world)


def _truth(folder: Path, library: str) -> duckdb.DuckDBPyConnection:
    """The truth of all records, with the groups that only staging tells.

    A record that the parsers put into quarantine is in no answer, so it counts as alone.
    """
    con = duckdb.connect()
    strong = load_library(library).identity.strong
    con.execute(
        f"""CREATE TABLE truth AS
            SELECT t.*, CASE WHEN r.source_key IS NULL THEN 'quarantined'
                             WHEN r.{strong} IS NULL THEN 'none usable' ELSE 'valid' END AS number
            FROM read_parquet('{folder / TRUTH}') t
            LEFT JOIN read_parquet('{folder / RECORDS}') r USING (source, source_key)"""
    )
    return con


def score_answer(con: duckdb.DuckDBPyConnection, maker: Maker, out: Path) -> Scores:
    """Score what a contestant wrote into ``out``; ``con`` holds the truth."""
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW answer AS FROM read_parquet('{out / 'answer.parquet'}')"
    )
    scores = score(con, (*maker.groups, "number"), maker.tags)
    if (out / "question.parquet").exists():
        _view(con, "question", out)
        scores = replace(scores, decided=share_decided(con))
    if (out / "scored.parquet").exists():
        _view(con, "scored", out)
        scores = replace(scores, calibration=calibration(con))
    columns = [row[0] for row in con.execute("DESCRIBE answer").fetchall()]
    return replace(scores, rules=_rules(con)) if "rule" in columns else scores


def _view(con: duckdb.DuckDBPyConnection, name: str, out: Path) -> None:
    path = out / f"{name}.parquet"
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM read_parquet('{path}')")


def _rules(con: duckdb.DuckDBPyConnection) -> Rows:
    """Per rule, the records that it joined to another, and how many to somebody else's."""
    return con.execute(
        """SELECT rule, count(*) AS records, count(*) FILTER (mine.entity <> its.entity)
           FROM answer a
           JOIN truth mine ON mine.source = a.source AND mine.source_key = a.source_key
           JOIN truth its ON its.source = a.linked_source AND its.source_key = a.linked_key
           GROUP BY rule ORDER BY records DESC, rule"""
    ).fetchall()
