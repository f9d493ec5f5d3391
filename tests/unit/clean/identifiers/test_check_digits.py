"""Each check-digit expression against plain Python, in batches: one query per list of examples."""

import string
from collections.abc import Callable

import check_digit_oracles as oracles
import ibis
import ibis.expr.types as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.clean.identifiers import check_digits


def evaluate(
    con: ibis.BaseBackend, expression: Callable[[ir.StringValue], ir.Value], texts: list[str]
) -> list[str]:
    table = ibis.memtable(
        {"n": list(range(len(texts))), "text": texts},
        schema=ibis.schema({"n": "int64", "text": "string"}),
    )
    result = table.mutate(result=expression(table.text)).order_by("n")
    return con.to_pyarrow(result)["result"].to_pylist()


def license_check(text: ir.StringValue) -> ir.StringValue:
    return check_digits.mod_37_36_sign(check_digits.mod_37_36_total(text))


def letters_plus_one(text: ir.StringValue) -> ir.StringValue:
    return check_digits.letters_plus_one_sign(check_digits.letters_plus_one_total(text))


def batches(alphabet: str, low: int, high: int | None = None) -> st.SearchStrategy[list[str]]:
    text = st.text(alphabet, min_size=low, max_size=high or low)
    return st.lists(text, min_size=1, max_size=200)


def citizen_check(text: ir.StringValue) -> ir.StringValue:
    return check_digits.mod_11_2_sign(check_digits.mod_11_2_total(text.try_cast("int64")))


def uscc_check(text: ir.StringValue) -> ir.StringValue:
    return check_digits.mod_31_sign(check_digits.mod_31_total(text))


def organization_check(text: ir.StringValue) -> ir.StringValue:
    return check_digits.organization_sign(check_digits.organization_total(text))


FIXED = {
    "citizen id": (citizen_check, oracles.citizen_check, string.digits, 17),
    "older foreigner's card": (
        check_digits.icao_9303,
        oracles.icao_check,
        check_digits.BASE_36,
        14,
    ),
    "credit code": (uscc_check, oracles.uscc_check, check_digits.BASE_31, 17),
    "organisation code": (
        organization_check,
        oracles.organization_check,
        check_digits.BASE_36,
        8,
    ),
    "licence": (license_check, oracles.license_check, check_digits.BASE_36, 110),
    "licence, letters plus one": (
        letters_plus_one,
        oracles.license_check_letters_plus_one,
        check_digits.BASE_36,
        75,
    ),
    "registration number": (
        check_digits.mod_11_10,
        oracles.registration_check,
        string.digits,
        14,
    ),
}


@pytest.mark.parametrize("name", FIXED)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_expression_agrees_with_plain_python(duckdb_backend, name, data):
    expression, oracle, alphabet, length = FIXED[name]
    texts = data.draw(batches(alphabet, length))
    assert evaluate(duckdb_backend, expression, texts) == [oracle(t) for t in texts]


@settings(max_examples=30, deadline=None)
@given(
    numbers=st.lists(st.integers(0, 10**17 - 1), min_size=1, max_size=100),
    weights=st.lists(st.integers(0, 36), min_size=17, max_size=17),
    modulus=st.sampled_from([3, 7, 11, 31, 37]),
)
def test_weighted_digits_is_the_sum_over_the_digits(duckdb_backend, numbers, weights, modulus):
    got = evaluate(
        duckdb_backend,
        lambda t: check_digits.weighted_digits(t.try_cast("int64"), weights, modulus),
        [str(n) for n in numbers],
    )
    want = [
        sum(int(d) * w for d, w in zip(f"{n:017d}", weights, strict=True)) % modulus
        for n in numbers
    ]
    assert got == want


@pytest.mark.spark
def test_expressions_agree_on_spark(spark_backend, duckdb_backend):
    samples = {
        name: [(alphabet * 60)[i * 7 : i * 7 + length] for i in range(40)]
        for name, (_, _, alphabet, length) in FIXED.items()
    }
    for name, (expression, oracle, _, _) in FIXED.items():
        texts = samples[name]
        assert evaluate(spark_backend, expression, texts) == [oracle(t) for t in texts], name


def test_published_example_of_the_wrong_license_check():
    parts = "11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001"
    text = parts.replace(".", "")
    assert oracles.license_check_letters_plus_one(text) == "M"
    assert oracles.license_check(text) == "D"
