"""uscc, organization_code and registration_number, on every engine."""

import pytest
from check_digit_oracles import U, organization_check, registration_check, uscc_check
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.clean.identifiers import organization_code, registration_number, uscc

# The organisation codes PDY00001 to PDY99999 are nobody's (GB 11714).
SYNTHETIC = [
    *("91310101PDY00001X4", "92310101PDY00001X1", "93310101PDY00001XX", "11310101PDY00001XC"),
    *("12310101PDY00001X9", "13310101PDY00001X6", "51310101PDY00001X8", "52310101PDY00001X5"),
    *("53310101PDY00001X2", "81310101PDY00001X5", "N2310101PDY00001XK", "Y1310101PDY00001XE"),
]
ZERO_REMAINDERS = [
    *("91310101PDY0001590", "91310101PDY000060F", "91310101PDY0001403", "91310101PDY000036Y"),
]
PUBLIC = [
    *("91350100M000100Y43", "91110000600037341L", "91310230MA1K314J7C", "9152000071430580XT"),
    *("12110000400777687U", "11100000000013338W"),
]


def test_valid_credit_codes(clean):
    codes = [*SYNTHETIC, *ZERO_REMAINDERS, *PUBLIC]
    for code, got in zip(codes, clean(uscc(), codes), strict=True):
        assert (got.value, got.rules) == (code, set())
        assert got.companions == {
            "organization_code": code[8:17],
            "registration_number": None,
            "damaged": None,
        }


def test_an_unknown_region_or_prefix_never_rejects_a_credit_code(clean):
    unknown_prefix = "98310101PDY00001X"
    unknown_prefix += uscc_check(unknown_prefix)
    codes = {"91610133MA6U3N7RXE": {"REGION_UNKNOWN"}, unknown_prefix: {"USCC_PREFIX_UNKNOWN"}}
    for code, got in zip(codes, clean(uscc(), list(codes)), strict=True):
        assert (got.value, got.rules) == (code, codes[code])


USCC_ERRORS = {
    "91310101PDY00001X5": {"USCC_CHECK"},
    "91310101PDY000012G": {"ORG_CHECK"},
    "9131O101PDY00001X4": {"CHARSET"},
    "91310101PDY0OOO1X4": {"CHARSET"},
    "91310101PDY00001X": {"LENGTH"},
    "91310101PDY0001S": {"LENGTH", "CHARSET"},
    "110108000000016": {"REGISTRATION_NUMBER_IN_USCC"},
    "3100001001234": {"REGISTRATION_NUMBER_IN_USCC"},
    "企合苏总字第000063": {"REGISTRATION_NUMBER_IN_USCC"},
    "企独沪总字第0123456789号": {"REGISTRATION_NUMBER_IN_USCC"},  # 18 signs
    "PDY00001-X": {"ORGANIZATION_CODE_IN_USCC"},
    "310101PDY00001X": {"TAXPAYER_NUMBER_IN_USCC"},
    "11010519491231002X": {"CITIZEN_ID_IN_USCC"},
    "9.13101E+17": {"SCI_NOTATION"},
    "913101010000000000": {"PRECISION_LOSS"},
    "****0101PDY00001X4": {"MASKED"},
    "无": {"PLACEHOLDER"},
    "000000000000000000": {"PLACEHOLDER"},
}


def test_unusable_credit_codes_and_what_they_are_instead(clean):
    found = {}
    for code, got in zip(USCC_ERRORS, clean(uscc(), list(USCC_ERRORS)), strict=True):
        assert (got.value, got.rules) == (None, USCC_ERRORS[code]), code
        kept = {k: v for k, v in got.companions.items() if v is not None}
        damaged = kept.pop("damaged", code)
        assert damaged == code or damaged == code.upper(), code
        found[code] = kept
    assert {code: kept for code, kept in found.items() if kept} == {
        "110108000000016": {"registration_number": "110108000000016"},
        "3100001001234": {"registration_number": "3100001001234"},
        "企合苏总字第000063": {"registration_number": "企合苏总字第000063"},
        "企独沪总字第0123456789号": {"registration_number": "企独沪总字第0123456789号"},
        "PDY00001-X": {"organization_code": "PDY00001X"},
        "310101PDY00001X": {"organization_code": "PDY00001X"},
    }


def test_spellings_of_a_credit_code(clean):
    texts = ["91310101pdy00001x4", "９１３１０１０１ＰＤＹ００００１Ｘ４", "91310101-PDY00001X-4"]
    for got in clean(uscc(), texts):
        assert (got.value, got.rules) == ("91310101PDY00001X4", {"NORMALISED"})


bodies = st.builds(
    lambda prefix, region, code: prefix + region + code + organization_check(code),
    st.sampled_from(["91", "92", "11", "52"]),
    st.sampled_from(["310101", "440305"]),
    st.text(U, min_size=8, max_size=8).filter(lambda code: "XXXXX" not in code),
)
credit_codes = bodies.map(lambda body: body + uscc_check(body))
slip = st.tuples(credit_codes, st.integers(0, 17), st.sampled_from(U))


@settings(max_examples=6, deadline=None)
@given(st.lists(credit_codes, min_size=20, max_size=100))
def test_every_well_made_credit_code_is_accepted(clean_fast, made):
    assert [c.value for c in clean_fast(uscc(), made)] == made


@settings(max_examples=6, deadline=None)
@given(st.lists(slip, min_size=20, max_size=100))
def test_every_single_wrong_sign_of_a_credit_code_is_found(clean_fast, slips):
    wrong = [
        code[:place] + sign + code[place + 1 :]
        for code, place, sign in slips
        if code[place] != sign
    ]
    assert {c.value for c in clean_fast(uscc(), wrong)} <= {None}


def test_organization_codes(clean):
    codes = ["PDY00001X", "PDY000159", "PDY000060", "D2143569X", "MA1FL0LY9"]
    for code, got in zip(codes, clean(organization_code(), codes), strict=True):
        assert (got.value, got.rules) == (code, set())


def test_other_spellings_of_organization_codes(clean):
    expected = {
        "PDY00001-X": ("PDY00001X", set()),  # as it is printed
        "pdy00001-x": ("PDY00001X", {"NORMALISED"}),
        "PDY00001－X": ("PDY00001X", {"NORMALISED"}),
        "91310101PDY00001X4": ("PDY00001X", {"USCC_IN_ORGANIZATION_CODE"}),
        "91310101PDY000012G": (None, {"LENGTH"}),  # only its MOD 31 check holds
        "PDY000011": (None, {"ORG_CHECK"}),
        "PDY0001": (None, {"LENGTH"}),
        "ABCDEFGHI": (None, {"CHARSET"}),
        "000000000": (None, {"PLACEHOLDER"}),
        "/": (None, {"PLACEHOLDER"}),
        "": (None, set()),
    }
    got = clean(organization_code(), list(expected))
    assert [(c.value, c.rules) for c in got] == list(expected.values())


REGISTRATION_NUMBERS = [
    *("110108000000016", "310230001716146", "310230001716154", "310101219999999"),
    *("310101629999997", "310101419999990", "100000000040129", "110108012660422"),
]


def test_registration_numbers(clean):
    got = clean(registration_number(), REGISTRATION_NUMBERS)
    for number, (value, rules, companions) in zip(REGISTRATION_NUMBERS, got, strict=True):
        assert (value, rules) == (number, set())
        assert companions == {"type": "15_digits", "uscc": None}


def test_older_and_wrong_registration_numbers(clean):
    development_zone = "310141000157096"
    expected = {
        "110108000000010": (None, {"REGISTRATION_CHECK"}),
        "3100001001234": ("3100001001234", {"LEGACY_13_DIGITS"}),
        "企独沪总字第012345号": ("企独沪总字第012345号", {"LEGACY_TEXT_NUMBER"}),
        "110108000000016(1-1)": ("110108000000016", {"NORMALISED"}),
        "110108000000016（1－1）": ("110108000000016", {"NORMALISED"}),
        development_zone: (development_zone, {"REGION_UNKNOWN"}),
        "91310101PDY00001X4": (None, {"USCC_IN_REGISTRATION_NUMBER"}),
        "11010800000001A": (None, {"CHARSET"}),
        "12": (None, {"LENGTH"}),
        "1.10108E+14": (None, {"SCI_NOTATION"}),
        "不详": (None, {"PLACEHOLDER"}),
    }
    got = clean(registration_number(), list(expected))
    assert [(c.value, c.rules) for c in got] == list(expected.values())
    kinds = {text: c.companions for text, c in zip(expected, got, strict=True)}
    assert kinds["3100001001234"]["type"] == "13_digits"
    assert kinds["企独沪总字第012345号"]["type"] == "in_words"
    assert kinds["91310101PDY00001X4"]["uscc"] == "91310101PDY00001X4"


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(0, 10**8 - 1), min_size=20, max_size=100))
def test_every_well_made_registration_number_is_accepted(clean_fast, serials):
    made = [f"310101{serial:08d}" for serial in serials]
    made = [first14 + registration_check(first14) for first14 in made]
    assert [c.value for c in clean_fast(registration_number(), made)] == made


@pytest.mark.parametrize("parser", [uscc, organization_code, registration_number])
@settings(max_examples=4, deadline=None)
@given(texts=st.lists(st.text(max_size=25), min_size=20, max_size=60))
def test_no_text_whatever_makes_it_fail(clean_fast, parser, texts):
    cleaned = clean_fast(parser(), texts)
    assert len(cleaned) == len(texts)
    values = [(each.value, text) for each, text in zip(cleaned, texts, strict=True) if each.value]
    assert all(len(value) in (9, 13, 15, 18) and value.isascii() for value, _ in values)


def test_agrees_with_python_stdnum(clean_fast):
    from stdnum.cn import uscc as peer

    # It knows the prefixes of the first edition only: no village collectives, for example.
    codes = [code for code in (*SYNTHETIC, *PUBLIC) if code[0] in "159"]
    codes += ["91310101PDY00001X5", "9131O101PDY00001X4", "91310101PDY00001X"]
    for code, got in zip(codes, clean_fast(uscc(), codes), strict=True):
        assert peer.is_valid(code) == (got.value is not None), code
