"""Clusters are split where people or rules say so, at the weakest link: against plain Python."""

import random

import ibis
import pyarrow as pa
import pytest

from pipelines.identity.clusters.cannot_link import DECIDED_SAME, merge_must_link, split_cannot_link
from pipelines.identity.clusters.score_clusters import MATCH_BY_SCORE
from pipelines.identity.rules.candidate_pairs import rule_names
from pipelines.identity.rules.match import FOUNDING_RECORD
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import load_library

LIBRARY = load_library("population")
STRENGTH = [DECIDED_SAME, LIBRARY.identity.strong_claim, *rule_names(LIBRARY), MATCH_BY_SCORE]
SCHEMA = {
    "rid": pa.int64(),
    "cluster": pa.int64(),
    "rule": pa.string(),
    "linked": pa.int64(),
    "probability": pa.float64(),
}


def forest(dice, size=24):
    """Records that are linked to earlier ones, or to nobody."""
    rows = []
    for rid in range(size):
        linked = dice.randrange(rid) if rid and dice.random() < 0.8 else None
        rule = FOUNDING_RECORD if linked is None else dice.choice(STRENGTH)
        score = dice.choice((0.991, 0.995, 0.999)) if rule == MATCH_BY_SCORE else None
        cluster = rid if linked is None else rows[linked]["cluster"]
        rows.append(dict(zip(SCHEMA, (rid, cluster, rule, linked, score), strict=True)))
    return rows


def oracle(rows, cannot_link):
    """Links from the strongest on; one that would join two who must be apart is left out."""
    of = {row["rid"]: {row["rid"]} for row in rows}
    links = [row for row in rows if row["linked"] is not None]
    links.sort(
        key=lambda row: (-STRENGTH.index(row["rule"]), row["probability"] or 0, -row["rid"]),
        reverse=True,
    )
    for row in links:
        mine, its = of[row["rid"]], of[row["linked"]]
        if not any((a in mine and b in its) or (b in mine and a in its) for a, b in cannot_link):
            mine |= its
            for rid in its:
                of[rid] = mine
    return {frozenset(part) for part in of.values()}


def split(con, rows, cannot_link, same=None):
    assignments = ibis.memtable(pa.Table.from_pylist(rows, pa.schema(SCHEMA)))
    left, right = zip(*cannot_link, strict=True)
    pairs = {"rid": left, "other": right, "by_person": [False] * len(cannot_link)}
    if same is not None:
        rid, other = zip(*same, strict=True)
        same = ibis.memtable(pa.table({"rid": rid, "other": other}))
    forbidden = ibis.memtable(pa.table(pairs))
    with TempTables(con) as temp:
        found = split_cannot_link(assignments, forbidden, FOUNDING_RECORD, LIBRARY, temp, same)
        return con.to_pyarrow(found.assignments).to_pylist(), con.to_pyarrow(found.cut).to_pylist()


def parts(rows):
    told: dict[int, set[int]] = {}
    for row in rows:
        told.setdefault(row["cluster"], set()).add(row["rid"])
    return {frozenset(part) for part in told.values()}


@pytest.mark.parametrize("seed", range(12))
def test_clusters_are_those_of_plain_python(con, seed):
    dice = random.Random(seed)
    rows = forest(dice)
    cannot_link = [tuple(sorted(dice.sample(range(len(rows)), 2))) for _ in range(6)]
    after, cut = split(con, rows, cannot_link)
    assert parts(after) == oracle(rows, cannot_link)
    assert len(after) == len(rows)
    for part in parts(after):
        assert not any(set(pair) <= part for pair in cannot_link)
    for row in after:
        same = {other["rid"] for other in after if other["cluster"] == row["cluster"]}
        assert row["linked"] is None or row["linked"] in same
        assert row["cluster"] == min(same)
    lost = {row["rid"] for row in cut}
    assert {row["rid"] for row in after if row["rule"] == FOUNDING_RECORD} == lost | {
        row["rid"] for row in rows if row["rule"] == FOUNDING_RECORD
    }


@pytest.mark.parametrize("seed", range(12))
def test_what_people_joined_stays_joined_where_a_cluster_is_cut(con, seed):
    dice = random.Random(100 + seed)
    rows = forest(dice)
    for row in rows:  # a decision of these is a decision in the table, too
        row["rule"] = "same_citizen_id" if row["rule"] == DECIDED_SAME else row["rule"]
    clusters = parts(rows)
    big = sorted(max(clusters, key=len))
    same = [tuple(sorted(dice.sample(big, 2))) for _ in range(3)]
    joined = nearest_unions(same)
    cannot_link = [
        pair
        for pair in (tuple(sorted(dice.sample(big, 2))) for _ in range(6))
        if not any(set(pair) <= part for part in joined)
    ] or [(min(big), max(rid for rid in range(len(rows)) if rid not in big))]
    after, _ = split(con, rows, cannot_link, same)
    assert all(any(set(pair) <= part for part in parts(after)) for pair in same)
    assert not any(set(pair) <= part for pair in cannot_link for part in parts(after))
    for part in parts(after):
        assert sum(row["linked"] is None for row in after if row["rid"] in part) == 1


def nearest_unions(pairs):
    """Pairs as the sets that they make together."""
    made: list[set[int]] = []
    for pair in pairs:
        touched = [part for part in made if part & set(pair)]
        made = [part for part in made if part not in touched] + [set(pair).union(*touched)]
    return made


def test_the_score_gives_way_before_the_number(con):
    rows = [
        {"rid": 0, "cluster": 0, "rule": FOUNDING_RECORD, "linked": None, "probability": None},
        {"rid": 1, "cluster": 0, "rule": "same_citizen_id", "linked": 0, "probability": None},
        {"rid": 2, "cluster": 0, "rule": MATCH_BY_SCORE, "linked": 1, "probability": 0.999},
    ]
    after, cut = split(con, rows, [(0, 2)])
    assert parts(after) == {frozenset({0, 1}), frozenset({2})}
    assert [(row["rid"], row["other"], row["probability"]) for row in cut] == [(2, 1, 0.999)]


def test_people_unite_clusters_through_any_number_of_decisions(con):
    rows = forest(random.Random(3))
    heads = sorted({row["cluster"] for row in rows})[:3]
    same = {"rid": [heads[0], heads[2]], "other": [heads[1], heads[1]]}
    with TempTables(con) as temp:
        assignments = ibis.memtable(pa.Table.from_pylist(rows, pa.schema(SCHEMA)))
        found = con.to_pyarrow(
            merge_must_link(assignments, ibis.memtable(pa.table(same)), temp)
        ).to_pylist()
    assert len(parts(found)) == len(parts(rows)) - 2
    decided = [row for row in found if row["rule"] == DECIDED_SAME]
    assert len(decided) == 2
    assert all(row["linked"] is not None for row in decided)


def test_a_decision_against_a_decision_does_not_hang(con):
    """``decide`` refuses such pairs; a ledger that has them is cut all the same, once."""
    rows = [
        {"rid": 0, "cluster": 0, "rule": FOUNDING_RECORD, "linked": None, "probability": None},
        {"rid": 1, "cluster": 0, "rule": DECIDED_SAME, "linked": 0, "probability": None},
    ]
    after, cut = split(con, rows, [(0, 1)], same=[(0, 1), (1, 0)])
    assert parts(after) == {frozenset({0}), frozenset({1})}
    assert cut
