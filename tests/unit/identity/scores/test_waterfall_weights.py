"""The weights of a pair add up to what Splink itself says of it, whatever the levels are."""

import ibis
import pyarrow as pa
import pytest

from pipelines.identity.review.decisions import Record, pair_of
from pipelines.identity.scores.comparisons import COMPARISONS, comparisons_of
from pipelines.identity.scores.match_weights import weigh
from pipelines.identity.scores.model import load_model
from pipelines.identity.scores.waterfall import level_bits, pair_weights, prior_bits
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import load_library
from pipelines.report.steward.levels import LEVELS_ZH, waterfall_of

PAIR = pair_of(Record("a__b", "1"), Record("c__d", "2"))


@pytest.mark.parametrize("name", ["population", "legal_entity"])
def test_the_sum_is_the_score(con, name):
    library = load_library(name)
    model = load_model(library)
    comparisons = comparisons_of(library)
    rows = [
        {
            c.name: None if (n + k) % 5 == 0 else (n * 7 + k) % len(c.levels)
            for k, c in enumerate(comparisons)
        }
        for n in range(20)
    ]
    data = {c.name: pa.array([row[c.name] for row in rows], pa.int64()) for c in comparisons}
    with TempTables(con) as temp:
        likeness = temp.materialise(ibis.memtable(pa.table({"n": list(range(20)), **data})))
        scored = weigh(con, likeness, comparisons, model.splink, temp)
        told = {row["n"]: row["weight"] for row in con.to_pyarrow(scored).to_pylist()}
    bits = level_bits(model)
    for n, row in enumerate(rows):
        ours = prior_bits(model) + sum(
            bits[c.name, c.levels[row[c.name]]] for c in comparisons if row[c.name] is not None
        )
        assert told[n] == pytest.approx(ours, abs=1e-6)


def test_a_pair_is_told_comparison_by_comparison(con, records_of):
    library = load_library("population")
    one = {"source": "a__b", "source_key": "1", "person_name": "王伟", "birth_date": "1990-01-01"}
    other = {"source": "c__d", "source_key": "2", "person_name": "王韦", "birth_date": "1991-03-08"}
    both = [
        {**row, "person_name_key": row["person_name"], "mobile": "13900000001"}
        for row in (one, other)
    ]
    found = pair_weights(con, records_of(library, both), [PAIR], library, load_model(library))
    levels = {each.comparison: each.level for each in found[PAIR].weights}
    assert levels == {"person_name": "sounds_alike", "birth_date": "other", "mobile": "same"}
    drawn = waterfall_of("", found[PAIR], library)
    assert [weight.name for weight in drawn.weights] == ["姓名", "出生日期", "手机号码"]
    assert [weight.bits > 0 for weight in drawn.weights] == [True, False, True]


def test_every_level_has_words():
    levels = {level for each in COMPARISONS.values() for level in each.levels}
    assert levels - set(LEVELS_ZH) == set()
