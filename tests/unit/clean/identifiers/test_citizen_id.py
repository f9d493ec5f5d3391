"""citizen_id: every vector of the standard and of practice, on every engine."""

from datetime import date

import pytest
from check_digit_oracles import citizen_check
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.clean.identifiers import citizen_id

GOOD = "11010519491231002X"


def numbered(first17):
    return first17 + citizen_check(first17)


def outcomes(clean, values, **options):
    return dict(zip(values, clean(citizen_id(), values, **options), strict=True))


def test_valid_numbers(clean):
    types = {
        GOOD: "resident",
        "440524188001010014": "resident",
        "110103196002299980": "resident",
        "659004201108159968": "resident",
        "110101199003079999": "resident",
        "31011519881031997X": "resident",
        numbered("44190019900101001"): "resident",  # a city without counties
        "81000019851212999X": "hk_macao_taiwan_resident",
        "830000199206059987": "hk_macao_taiwan_resident",
        "911398199012310021": "foreign_resident_18",
        "KAZ110090123105": "foreign_resident_15",
    }
    for number, got in outcomes(clean, list(types)).items():
        assert got.value == number
        assert got.companions["type"] == types[number]
        assert got.rules <= {"REGION_ABOLISHED", "BIRTH_IMPLAUSIBLE"}


def test_birth_date_and_sex_come_from_the_number(clean):
    got = outcomes(clean, [GOOD, "440524188001010014", "KAZ110090123105", "110105491231002"])
    told = {number: (c["birth_date"], c["sex_code"]) for number, (_, _, c) in got.items()}
    assert told == {
        GOOD: (date(1949, 12, 31), "2"),
        "440524188001010014": (date(1880, 1, 1), "1"),
        "KAZ110090123105": (date(1990, 12, 31), "2"),
        "110105491231002": (date(1949, 12, 31), "2"),
    }


def test_fifteen_digits_are_upgraded_and_marked(clean):
    value, rules, companions = clean(citizen_id(), ["110105491231002"])[0]
    assert (value, rules) == (GOOD, {"UPGRADED_FROM_15"})
    assert companions["type"] == "resident_15_digits"


@pytest.mark.parametrize("suffix", ["996", "997", "998", "999"])
def test_the_century_of_a_centenarian_is_not_guessed(clean_fast, suffix):
    value, rules, _ = clean_fast(citizen_id(), [f"110105491231{suffix}"])[0]
    assert (value, rules) == (None, {"CENTENARIAN_SEQUENCE"})


ERRORS = {
    "110101199003079990": {"CHECK_DIGIT"},
    "110101199002309991": {"BIRTH_INVALID"},
    "99999919900307999X": {"REGION_PROVINCE", "COUNTRY_UNKNOWN"},
    "110101209903079990": {"BIRTH_FUTURE"},
    "11010119900307999": {"LENGTH"},
    "911398199012310022": {"CHECK_DIGIT"},
    "KAZ110090123107": {"CHECK_DIGIT"},
    "110101183912319990": {"BIRTH_TOO_EARLY", "CHECK_DIGIT"},
    "110101199O03079999": {"CHARSET"},
    "11010119900307X999": {"CHARSET"},
    "1101011990": {"LENGTH"},
    "张三": {"LENGTH", "CHARSET"},
    "1.10105E+17": {"SCI_NOTATION"},
    "1.10105194912310E+17": {"SCI_NOTATION"},
    "110105194912310000": {"PRECISION_LOSS"},
    "110105194912310020.0": {"PRECISION_LOSS"},
    "1101**********002X": {"MASKED"},
    "110105XXXXXXXX002X": {"MASKED"},
    "11010519491231****002X": {"MASKED"},
}

# As long as a number is, give or take a digit, and of its characters: worth comparing with others.
DAMAGED = {
    "110101199003079990",
    "110101199002309991",
    "99999919900307999X",
    "110101209903079990",
    "11010119900307999",
    "911398199012310022",
    "110101183912319990",
    "110105194912310000",
    "110105194912310020",
}
SEEN = {
    "1101**********002X": "1101**********002X",
    "110105XXXXXXXX002X": "110105********002X",
    "110101199O03079999": "110101199003079999",  # a letter for a digit
}


def test_unusable_numbers(clean):
    for number, got in outcomes(clean, list(ERRORS)).items():
        assert got.value is None, number
        assert got.rules == ERRORS[number], number
        digits = number.removesuffix(".0")
        damaged = digits if digits in DAMAGED else SEEN.get(number)
        assert got.companions == dict.fromkeys(got.companions) | {"damaged": damaged}, number


def test_every_finding_is_reported_not_only_the_first(clean):
    value, rules, _ = clean(citizen_id(), ["770101209902300000"])[0]
    assert value is None
    assert rules >= {"REGION_PROVINCE", "BIRTH_INVALID"}
    value, rules, _ = clean(citizen_id(), ["110100209902300005"])[0]
    assert rules == {"REGION_NOT_COUNTY", "BIRTH_INVALID", "SEQ_000", "CHECK_DIGIT"}


def test_warnings_keep_the_number(clean):
    warnings = {
        "110103201503019901": {"REGION_ABOLISHED_BEFORE_BIRTH"},
        "110000199003079997": {"REGION_NOT_COUNTY"},
        "110101199003070003": {"SEQ_000"},
        "440524188001010014": {"BIRTH_IMPLAUSIBLE", "REGION_ABOLISHED"},
        "110103196002299980": {"REGION_ABOLISHED"},
    }
    for number, got in outcomes(clean, list(warnings)).items():
        assert (got.value, got.rules) == (number, warnings[number])


def test_a_region_that_no_list_has_is_a_warning(clean):
    number = numbered("11019919900307999")
    value, rules, _ = clean(citizen_id(), [number])[0]
    assert (value, rules) == (number, {"REGION_UNKNOWN"})


PLACEHOLDERS = [
    *("无", "不详", "空", "null", "NULL", "N/A", "-", "/", "——", "未知", "暂无"),
    *("000000000000000000", "111111111111111111", "123456789012345678", "XXXXXXXXXXXXXXXXXX"),
]


def test_placeholders(clean):
    for text, got in outcomes(clean, PLACEHOLDERS).items():
        assert (got.value, got.rules) == (None, {"PLACEHOLDER"}), text


def test_nothing_is_not_a_finding(clean):
    for got in clean(citizen_id(), [None, "", "   ", "\u3000", "\u200b"]):
        assert (got.value, got.rules) == (None, set())


SPELLINGS = [
    "11010519491231002x",
    "１１０１０５１９４９１２３１００２Ｘ",
    "110105 19491231 002X",
    "110105-19491231-002X",
    "110105\u00a019491231\u200b002X",
    "\ufeff110105\u300019491231002X",
    "110105—19491231—002x",
    "'11010519491231002X",
    '="11010519491231002X"',
]


def test_spellings_are_normalised_and_counted(clean):
    for text, got in outcomes(clean, SPELLINGS).items():
        assert (got.value, got.rules) == (GOOD, {"NORMALISED"}), text


def test_blanks_at_the_ends_are_not_worth_a_finding(clean):
    value, rules, _ = clean(citizen_id(), [f"  {GOOD} "])[0]
    assert (value, rules) == (GOOD, set())


@pytest.mark.parametrize("sign", ["Х", "х", "×", "✕", "Χ"])
def test_lookalikes_of_x(clean_fast, sign):
    value, rules, _ = clean_fast(citizen_id(), [GOOD[:-1] + sign])[0]
    assert (value, rules) == (GOOD, {"X_LOOKALIKE"})


def test_the_future_is_judged_by_the_date_of_the_data(clean_fast):
    newborn = numbered("11010120260701001")
    before = clean_fast(citizen_id(), [newborn], as_of=date(2026, 6, 30))[0]
    after = clean_fast(citizen_id(), [newborn], as_of=date(2026, 7, 1))[0]
    assert before.rules == {"BIRTH_FUTURE"}
    assert (after.value, after.rules) == (newborn, set())


def test_a_person_of_120_is_plausible_and_one_of_121_is_not(clean_fast):
    numbers = [numbered(f"110101{day}001") for day in ("19050701", "19050630")]
    got = clean_fast(citizen_id(), numbers, as_of=date(2026, 6, 30))
    assert [g.rules for g in got] == [set(), {"BIRTH_IMPLAUSIBLE"}]


regions = st.sampled_from(["110101", "310115", "440305", "659004", "441900"])
births = st.dates(date(1990, 1, 1), date(2020, 12, 31)).map(lambda d: d.strftime("%Y%m%d"))
sequences = st.integers(1, 999).map(lambda n: f"{n:03d}")
first17 = st.builds(lambda *parts: "".join(parts), regions, births, sequences)
numbers = first17.map(numbered)
slip = st.tuples(numbers, st.integers(0, 16), st.integers(1, 9))


@settings(max_examples=6, deadline=None)
@given(st.lists(numbers, min_size=20, max_size=100))
def test_every_well_made_number_is_accepted(clean_fast, made):
    assert [c.value for c in clean_fast(citizen_id(), made)] == made


@settings(max_examples=6, deadline=None)
@given(
    st.lists(st.tuples(numbers, st.integers(0, 16), st.integers(1, 9)), min_size=20, max_size=80)
)
def test_every_single_wrong_digit_is_found(clean_fast, slips):
    wrong = [
        number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
        for number, place, by in slips
    ]
    assert {c.value for c in clean_fast(citizen_id(), wrong)} == {None}


@settings(max_examples=6, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=20, max_size=80))
def test_no_text_whatever_makes_it_fail(clean_fast, texts):
    cleaned = clean_fast(citizen_id(), texts)
    assert all(c.value is None or len(c.value) in (15, 18) for c in cleaned)


def test_agrees_with_python_stdnum_where_that_is_right(clean_fast):
    from stdnum.cn import ric

    # It wrongly wants the county to have existed at birth, so 31011519881031997X is not asked.
    good = [GOOD, "110101199003079999", "659004201108159968"]
    bad = ["110101199003079990", "110101199002309991", "99999919900307999X", "11010119900307999"]
    for number, got in zip(good + bad, clean_fast(citizen_id(), good + bad), strict=True):
        assert ric.is_valid(number) == (got.value is not None), number


@pytest.mark.parametrize(
    ("number", "damaged"),
    [
        ("6401Z1197902284638", "640121197902284638"),
        ("11010519491231OO2X", "11010519491231002X"),
        ("l1010519491231B02X", "11010519491231802X"),
        ("OOOOOOOOOOOOOOOOOO", None),  # no number with letters, a word
        ("ABCDEF199003079999", None),
    ],
)
def test_letters_that_look_like_digits_leave_a_number_to_compare(clean, number, damaged):
    got = outcomes(clean, [number])[number]
    assert got.value is None
    assert got.companions["damaged"] == damaged
