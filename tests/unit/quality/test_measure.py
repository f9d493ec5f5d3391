"""A and B of a batch: against plain Python on random rows, and case by case."""

import random
from collections import Counter
from datetime import date

import ibis
import pyarrow as pa
import pytest

from pipelines.clean.parsing.findings import FINDING_TYPE
from pipelines.contracts.source import SourceColumn
from pipelines.quality.measure import Delivered, batch_facts, count_batch, indicators_of
from pipelines.quality.score import score_counts
from pipelines.standards.rules import load_rules

DAY = date(2026, 6, 30)
COLUMNS = [
    SourceColumn("citizen_id", "SFZH", "citizen_id", required=True, primary_key=True),
    SourceColumn("sex_code", "XB", "sex_code"),
    SourceColumn("birth_date", "CSRQ", "birth_date"),
    SourceColumn("death_date", "SWRQ", "date"),
]
STAGED = ibis.schema(
    {
        "_file": "string",
        "_line": "int64",
        "citizen_id": "string",
        "sex_code": "string",
        "birth_date": "date",
        "death_date": "date",
        "citizen_id_sex_code": "string",
        "citizen_id_birth_date": "date",
        "findings": f"array<{FINDING_TYPE}>",
    }
)
QUARANTINE = ibis.schema(
    {
        "_file": "string",
        "_line": "int64",
        "source_key": "string",
        "findings": f"array<{FINDING_TYPE}>",
        "reasons": "array<string>",
        "record": "map<string, string>",
    }
)
RULES = load_rules()
LOWER = {"0303", "0305"}


@pytest.fixture
def source(make_source):
    return make_source(columns=COLUMNS)


@pytest.fixture
def counted(con, source):
    def go(staged, quarantined=(), superseded=0):
        rows = [
            {"_file": "a.csv", "_line": number, "findings": [], **row}
            for number, row in enumerate(staged)
        ]
        bad = [
            {"_file": "a.csv", "_line": 10_000 + number, "findings": [], "reasons": [], **row}
            for number, row in enumerate(quarantined)
        ]
        facts = batch_facts(_table(rows, STAGED), _table(bad, QUARANTINE), source, DAY)
        of = Delivered(len(rows), superseded, len(bad))
        return count_batch(con.to_pyarrow(facts).to_pylist(), source, of)

    return go


def _table(rows, schema):
    named = [{name: row.get(name) for name in schema.names} for row in rows]
    for row in named:
        if isinstance(row.get("record"), dict):
            row["record"] = list(row["record"].items())
    return ibis.memtable(pa.Table.from_pylist(named, schema=schema.to_pyarrow()))


def finding(column, rule):
    return {"column": column, "rule": rule, "severity": RULES[rule].severity, "value": "x"}


def at(counts):
    return {(c.column_name, c.indicator): (c.a, c.b) for c in counts}


def test_a_value_that_was_taken_away_was_judged_and_found_bad(counted):
    told = at(
        counted(
            [
                {"citizen_id": "1", "sex_code": "1"},
                {"citizen_id": None, "findings": [finding("citizen_id", "CHECK_DIGIT")]},
                {"citizen_id": None, "findings": [finding("citizen_id", "MISSING_REQUIRED")]},
            ]
        )
    )
    assert told["citizen_id", "0301"] == (1, 2)
    assert told["citizen_id", "0201"] == (2, 3)
    assert told["sex_code", "0105"] == (1, 1)
    assert ("birth_date", "0301") not in told, "nothing was there to judge: not applicable"


def test_several_faults_of_one_indicator_are_one_bad_value(counted):
    two = [finding("citizen_id", "CHECK_DIGIT"), finding("citizen_id", "BIRTH_INVALID")]
    told = at(counted([{"citizen_id": None, "findings": two}]))
    assert told["citizen_id", "0301"] == (0, 1)
    assert told["citizen_id", "0302"] == (1, 1)


def test_what_was_only_tidied_up_is_no_fault(counted):
    told = at(counted([{"citizen_id": "1", "findings": [finding("citizen_id", "NORMALISED")]}]))
    assert told["citizen_id", "0302"] == (1, 1)


def test_of_dirt_it_is_the_dirt_that_is_counted(counted):
    dirty = {"citizen_id": None, "findings": [finding("citizen_id", "PLACEHOLDER")]}
    assert at(counted([{"citizen_id": "1"}, dirty]))["citizen_id", "0305"] == (1, 2)


def test_rules_between_columns_judge_rows_in_which_both_are_known(counted):
    day = date(1990, 1, 1)
    told = at(
        counted(
            [
                {"sex_code": "1", "citizen_id_sex_code": "1"},
                {
                    "sex_code": "2",
                    "citizen_id_sex_code": "1",
                    "findings": [finding("sex_code", "SEX_MISMATCH")],
                },
                {"sex_code": "1"},
                {"birth_date": day, "death_date": day},
                {"birth_date": day},
            ]
        )
    )
    assert told["sex_code", "0402"] == (1, 2)
    assert told["death_date", "0503"] == (1, 1)


def test_lines_keys_and_columns_count_for_the_batch_as_a_whole(counted):
    quarantined = [
        {"reasons": ["RAGGED_LINE"]},
        {"reasons": ["NO_KEY", "NO_IDENTITY"], "record": {"SFZH": " ", "XB": "1"}},
    ]
    told = at(counted([{"citizen_id": "1"}] * 6, quarantined, superseded=2))
    assert told["", "0302"] == (9, 10)
    assert told["", "0102"] == (9, 10)
    assert told["", "0202"] == (9, 10)
    assert told["", "0303"] == (2, 8)
    assert told["", "0304"] == (6, 8)
    assert told["", "0602"] == (8, 10)
    assert told["", "0103"] == (4, 4)
    assert told["citizen_id", "0201"] == (7, 7), "a line without columns lacks none"
    assert told["sex_code", "0105"] == (1, 1), "what a quarantined row delivered was judged"


def test_an_empty_batch_has_columns_and_nothing_else(counted):
    assert at(counted([])) == {("", "0103"): (4, 4)}


def test_every_rule_has_an_indicator_of_the_standard(source):
    assert {"0301", "0302", "0305", "0105", "0402"} <= indicators_of(source)["citizen_id"]
    assert indicators_of(source)["sex_code"] == {"0105", "0305"}


@pytest.mark.parametrize("seed", range(4))
def test_plain_python_counts_the_same_whatever_the_order(counted, source, seed):
    dice = random.Random(seed)
    own = indicators_of(source)
    codes = {
        "citizen_id": ["CHECK_DIGIT", "LENGTH", "PLACEHOLDER", "BIRTH_IMPLAUSIBLE", "NORMALISED"],
        "sex_code": ["UNKNOWN_CODE", "PLACEHOLDER"],
        "death_date": ["DATE_FORM", "FUTURE_DATE"],
    }
    staged = []
    for _ in range(60):
        row = {"citizen_id": "1", "sex_code": dice.choice(["1", None]), "findings": []}
        row["death_date"] = dice.choice([None, date(2026, 1, 1)])
        for column, rules in codes.items():
            for rule in dice.sample(rules, dice.choice([0, 0, 0, 1, 2])):
                taken = RULES[rule].severity == "error"
                if taken or row[column] is not None:
                    row["findings"].append(finding(column, rule))
                    row[column] = None if taken else row[column]
        staged.append(row)
    expected = Counter(), Counter()
    for row in staged:
        for column in codes:
            faults = {
                RULES[f["rule"]].indicator
                for f in row["findings"]
                if f["column"] == column and f["severity"] != "info"
            }
            if row[column] is None and not faults:
                continue
            judged = own[column] | ({"0503"} if column == "death_date" else set())
            for indicator in judged:
                if indicator == "0503" and row[column] is None and "0503" not in faults:
                    continue  # between columns: nothing to hold against the day
                expected[1][column, indicator] += 1
                bad = indicator in faults
                expected[0][column, indicator] += bad if indicator in LOWER else not bad
    told = at(counted(staged))
    mine = {place: counts for place, counts in told.items() if place[0] in codes}
    mine.pop(("citizen_id", "0201"))
    mine = {place: counts for place, counts in mine.items() if place[1] != "0503"}
    assert mine == {
        place: (expected[0][place], b) for place, b in expected[1].items() if place[1] != "0503"
    }
    dice.shuffle(staged)
    assert at(counted(staged)) == told


def test_a_bad_row_more_never_raises_the_score(counted):
    good = [{"citizen_id": "1", "sex_code": "1"}] * 5
    bad = {
        "citizen_id": None,
        "findings": [finding("citizen_id", rule) for rule in ("CHECK_DIGIT", "LENGTH", "MASKED")],
    }
    scores = [score_counts(counted([*good, *[bad] * n])).score for n in range(4)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < scores[0]
