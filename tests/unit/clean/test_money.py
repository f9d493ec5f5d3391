"""Amounts: the patterns of real registers, and exact decimal arithmetic."""

from decimal import ROUND_HALF_UP, Decimal

from cleaning_laws import LAW, is_total, outcomes, spaced, texts_of, widened
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clean.money import money

AMOUNTS = {
    "1,000(万元人民币)": ("10000000.00", "CNY"),
    "500万人民币": ("5000000.00", "CNY"),
    "31.8000(万元人民币)": ("318000.00", "CNY"),
    "100(万人民币元)": ("1000000.00", "CNY"),
    "30( 万人民币元)": ("300000.00", "CNY"),
    "500(万元（人民币）)": ("5000000.00", "CNY"),
    "800(万元人民币元)": ("8000000.00", "CNY"),
    "2000（万元）": ("20000000.00", "CNY"),
    "1,500,000(元人民币)": ("1500000.00", "CNY"),
    "33000元": ("33000.00", "CNY"),
    "人民币500万元整": ("5000000.00", "CNY"),
    "人民币５００萬圓": ("5000000.00", "CNY"),
    "￥5000000": ("5000000.00", "CNY"),
    "1.2亿元": ("120000000.00", "CNY"),
    "10(万美元)": ("100000.00", "USD"),
    "6(万元美元)": ("60000.00", "USD"),
    "200((万美元))": ("2000000.00", "USD"),
    "US$ 20万": ("200000.00", "USD"),
    "2,326(万元(港币))": ("23260000.00", "HKD"),
    "1,299.9000(万元香港元)": ("12999000.00", "HKD"),
    "0万港币": ("0.00", "HKD"),
    "155,000(万日元)": ("1550000000.00", "JPY"),
    "45(万欧元)": ("450000.00", "EUR"),
    "100(万澳大利亚元)": ("1000000.00", "AUD"),
    "1,530(万新加坡元)": ("15300000.00", "SGD"),
    "21.7000(万英镑)": ("217000.00", "GBP"),
    "1.005元": ("1.01", "CNY"),
    "0.000001万元": ("0.01", "CNY"),
}
NO_AMOUNT = {
    "30": "UNIT_MISSING",
    "12()": "UNIT_MISSING",
    "1,000.50": "UNIT_MISSING",
    "0": "PLACEHOLDER",
    "N/A": "PLACEHOLDER",
    "-": "PLACEHOLDER",
    "500万猪元": "UNKNOWN_CURRENCY",
    "辽宁": "MONEY_FORM",
    "-500万元": "MONEY_FORM",
    "500万元-600万元": "MONEY_FORM",
    "1.0E7元": "MONEY_FORM",
    "999999999999999999元": "MONEY_TOO_LARGE",
}
UNITS = {"元": 1, "万元": 10**4, "万": 10**4, "百万元": 10**6, "亿元": 10**8}
amounts = st.decimals(0, 10**8, places=6, allow_nan=False, allow_infinity=False)


def test_real_patterns(clean):
    found = outcomes(clean, money(), AMOUNTS)
    read = {t: (str(o.value), o.companions["currency_code"]) for t, o in found.items()}
    assert read == AMOUNTS
    assert [text for text, o in found.items() if o.rules] == []


def test_a_missing_currency_is_assumed_and_said(clean):
    [cleaned] = clean(money(), ["470(万)"])
    assert (cleaned.value, cleaned.companions["currency_code"]) == (Decimal(4700000), "CNY")
    assert cleaned.rules == {"ASSUMED_CNY"}


def test_what_is_no_amount(clean):
    found = outcomes(clean, money(), NO_AMOUNT)
    assert {text: (o.value, *o.rules) for text, o in found.items()} == {
        text: (None, rule) for text, rule in NO_AMOUNT.items()
    }
    assert {o.companions["currency_code"] for o in found.values()} == {None}


@LAW
@given(texts_of("0123456789.,万亿元人民币美$-+()E"))
def test_total(clean_fast, texts):
    is_total(clean_fast, money(), texts)


@LAW
@given(st.lists(st.tuples(amounts, st.sampled_from(sorted(UNITS))), min_size=1, max_size=40))
def test_amounts_as_decimal_has_them(clean_fast, written):
    texts = [f"{amount:,f}{unit}" for amount, unit in written]
    cent = Decimal("0.01")
    exact = [(amount * UNITS[unit]).quantize(cent, ROUND_HALF_UP) for amount, unit in written]
    assert [o.value for o in clean_fast(money(), texts)] == exact
    assert [o.value for o in clean_fast(money(), [widened(t) for t in texts])] == exact
    assert [o.value for o in clean_fast(money(), [spaced(t) for t in texts])] == exact
