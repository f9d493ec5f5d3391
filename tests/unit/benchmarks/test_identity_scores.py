"""The metrics of the identity benchmark, against pairs counted one by one."""

from itertools import combinations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.identity.scores import calibration, score, share_decided

TAGS = ("twin", "moved", "homophone")


@pytest.fixture(scope="module")
def con():
    return duckdb.connect(config={"threads": 1})


def tables(con, records):
    """Records as ``(entity, cluster, planted, group)``; a cluster of None is no answer."""
    con.execute(
        "CREATE OR REPLACE TABLE truth (source VARCHAR, source_key VARCHAR, entity BIGINT,"
        " planted BIGINT, kind VARCHAR)"
    )
    con.execute(
        "CREATE OR REPLACE TABLE answer (source VARCHAR, source_key VARCHAR, cluster VARCHAR)"
    )
    for place, (entity, cluster, planted, kind) in enumerate(records):
        key = ["s", f"{place:04}"]
        con.execute("INSERT INTO truth VALUES (?, ?, ?, ?, ?)", [*key, entity, planted, kind])
        if cluster is not None:
            con.execute("INSERT INTO answer VALUES (?, ?, ?)", [*key, f"c{cluster}"])


def same(left, right, column):
    if column == 1 and (left[1] is None or right[1] is None):
        return False
    return left[column] == right[column]


def counted(records, touched=lambda record: True):
    """Together, true and right, pair by pair, of the pairs that touch a group."""
    pairs = [
        (left, right) for left, right in combinations(records, 2) if touched(left) or touched(right)
    ]
    together = [pair for pair in pairs if same(*pair, 1)]
    true = [pair for pair in pairs if same(*pair, 0)]
    right = [pair for pair in together if same(*pair, 0)]
    return len(together), len(true), len(right)


def b_cubed(records, chosen=lambda record: True):
    """Precision and recall of each chosen record's cluster, averaged."""
    precision, recall = [], []
    for mine, record in enumerate(records):
        if not chosen(record):
            continue
        others = [(i, other) for i, other in enumerate(records)]
        cluster = {i for i, other in others if i == mine or same(record, other, 1)}
        entity = {i for i, other in others if same(record, other, 0)}
        precision.append(len(cluster & entity) / len(cluster))
        recall.append(len(cluster & entity) / len(entity))
    return sum(precision) / len(precision), sum(recall) / len(recall)


record_sets = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.one_of(st.none(), st.integers(0, 5)),
        st.integers(0, 7),
        st.sampled_from(["a", "b", "c"]),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(records=record_sets)
def test_scores_are_those_of_counting_pair_by_pair(con, records):
    tables(con, records)
    found = score(con, ["kind"], TAGS)
    whole = found.overall
    assert (whole.together, whole.true, whole.right) == counted(records)
    assert (whole.b3_precision, whole.b3_recall) == pytest.approx(b_cubed(records))
    assert whole.records == len(records)
    assert set(found.groups["kind"]) == {record[3] for record in records}
    for kind, quality in found.groups["kind"].items():

        def of_kind(record, kind=kind):
            return record[3] == kind

        assert (quality.together, quality.true, quality.right) == counted(records, of_kind)
        assert (quality.b3_precision, quality.b3_recall) == pytest.approx(b_cubed(records, of_kind))


@settings(max_examples=60, deadline=None)
@given(records=record_sets)
def test_every_wrong_and_missed_pair_is_told_with_what_was_planted(con, records):
    tables(con, records)
    found = score(con, [], TAGS, top=1000).anatomy
    wrong = [p for p in combinations(records, 2) if same(*p, 1) and not same(*p, 0)]
    missed = [p for p in combinations(records, 2) if same(*p, 0) and not same(*p, 1)]
    for bit, tag in enumerate(TAGS):
        expected = tuple(
            sum(bool((left[2] | right[2]) >> bit & 1) for left, right in pairs)
            for pairs in (wrong, missed)
        )
        told = {row[0]: row[1:3] for row in found.by_tag}
        assert told.get(tag, (0, 0)) == expected
    assert sum(row[2] for row in found.wrong) == len(wrong)
    assert sum(row[2] for row in found.missed) == len(missed)


def test_ratios_of_a_known_answer(con):
    tables(con, [(1, 1, 0, "a"), (1, 1, 0, "a"), (1, 2, 0, "a"), (2, 2, 0, "a")])
    whole = score(con, [], TAGS).overall
    assert (whole.precision, whole.recall) == (1 / 2, 1 / 3)
    assert whole.f1 == pytest.approx(0.4)


def test_what_explains_nothing_is_left_out_of_the_kinds(con):
    tables(con, [(1, 1, 0b010, "a"), (2, 1, 0b011, "a")])
    (kind,) = score(con, [], TAGS).anatomy.wrong
    assert kind == ("nothing", "twin", 1, "s:0000 s:0001")


def test_nobody_to_score_is_refused(con):
    tables(con, [])
    with pytest.raises(ValueError, match="no records"):
        score(con, [], TAGS)


def test_a_record_in_an_open_question_is_not_decided(con):
    tables(con, [(1, 1, 0, "a")] * 5)
    con.execute(
        "CREATE OR REPLACE TABLE question AS SELECT 's' AS left_source, '0000' AS left_key,"
        " 's' AS right_source, '0003' AS right_key UNION ALL SELECT 's', '0000', 's', '0003'"
    )
    assert share_decided(con) == pytest.approx(3 / 5)


@settings(max_examples=40, deadline=None)
@given(
    said=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30
    )
)
def test_calibration_is_the_mean_gap_over_the_bins(con, said):
    tables(con, [(0, 0, 0, "a"), (0, 0, 0, "a"), (1, 0, 0, "a"), (1, 0, 0, "a")])
    con.execute(
        "CREATE OR REPLACE TABLE scored (left_source VARCHAR, left_key VARCHAR,"
        " right_source VARCHAR, right_key VARCHAR, probability DOUBLE)"
    )
    for p, left, right in said:
        con.execute(
            "INSERT INTO scored VALUES ('s', ?, 's', ?, ?)", [f"{left:04}", f"{right:04}", p]
        )
    bins: dict[float, list[tuple[float, bool]]] = {}
    for p, left, right in said:
        edges = [n / 10 for n in range(9)] + [0.9 + n / 100 for n in range(10)] + [0.999]
        low = max(edge for edge in edges if p >= edge - 1e-12)
        bins.setdefault(round(low, 3), []).append((p, left // 2 == right // 2))
    gaps = [
        abs(sum(p for p, _ in pairs) / len(pairs) - sum(m for _, m in pairs) / len(pairs))
        * len(pairs)
        for pairs in bins.values()
    ]
    found = calibration(con)
    assert found is not None
    assert sum(row[2] for row in found.bins) == len(said)
    assert found.error == pytest.approx(sum(gaps) / len(said), abs=1e-6)
