"""Every kind of dirt occurs as often as it says, and does what it says."""

import unicodedata
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from pipelines.demo.dirt import forms
from pipelines.demo.dirt.choose import put, spoil
from pipelines.demo.dirt.spoilers import SPOILERS
from pipelines.demo.generate import FEEDS
from pipelines.demo.rates import HABIT, RATES

from .oracles import citizen_id_is_valid, license_identifier_is_valid, uscc_is_valid

ALL_KINDS = sorted((element, kind) for element, kinds in RATES.items() for kind in kinds)
ID = "11010519491231002X"
SAMPLES = {
    "citizen_id": [ID, "110101199003079999"],
    "person_name": ["艾力·买买提", "王丽䶮", "张华"],
    "sex_code": ["1", "男"],
    "ethnicity_code": ["01", "汉族"],
    "birth_date": ["19900307", "1990-03-07"],
    "date": ["19900307", "1990-03-07"],
    "timestamp": ["2024-03-07 10:11:12"],
    "marital_code": ["20", "已婚"],
    "region_code": ["130606", "130607"],
    "address": ["示范省云州市东湖区湖滨街道人民路12号翠湖花园3栋2单元501室"],
    "mobile": ["14200001234"],
    "phone": ["14200001234", "0306-2345678"],
    "organization_name": ["云州市瑞恒建筑工程（云州）有限公司"],
    "uscc": ["91310101PDY00001X4", "91310101PDY0001590"],
    "organization_code": ["PDY00001X", "PDY000159"],
    "registration_number": ["110108000000016"],
    "money": ["100万元"],
    "entity_status": ["正常"],
    "industry_code": ["F5299"],
    "license_identifier": [
        "1.2.156.3005.2.11310101PDY00001XC001.11310101PDY00001XC.2024000001.001.A"
    ],
    "license_status": ["有效"],
    "holder_type": ["001"],
    "text": ["第1中学"],
}


def spoiled(element: str, kind: str, texts: list[str]) -> list[str]:
    return SPOILERS[element, kind](texts, np.random.default_rng(5))


def test_every_kind_has_a_rate_and_a_function():
    assert sorted(SPOILERS) == ALL_KINDS
    assert sorted(SAMPLES) == sorted(RATES)


@pytest.mark.parametrize(("element", "kind"), ALL_KINDS)
def test_some_department_can_make_every_kind(element, kind):
    """A kind that no feed can have is dead weight."""
    for feed in FEEDS:
        carried = {**feed.elements, **(feed.kinds or {})}.values()
        if element in carried and (feed.spreadsheet or not RATES[element][kind].spreadsheet):
            return
    pytest.fail(f"No feed carries {element} in a way that {kind} can happen to it.")


@pytest.mark.parametrize(("element", "kind"), ALL_KINDS)
def test_every_kind_changes_some_sample_and_keeps_their_number(element, kind):
    before = SAMPLES[element] * 8
    after = spoiled(element, kind, before)
    assert len(after) == len(before)
    assert after != before


@pytest.mark.parametrize("element", sorted(RATES))
def test_a_blank_value_and_an_empty_list_are_no_obstacle(element):
    for kind in RATES[element]:
        assert spoiled(element, kind, []) == []
        assert len(spoiled(element, kind, ["", ""])) == 2


@pytest.mark.parametrize(
    ("element", "kind", "expected"),
    [
        ("citizen_id", "fifteen_digits", ["110105491231002", "110101900307999"]),
        ("citizen_id", "lower_case_x", ["11010519491231002x", "110101199003079999"]),
        ("citizen_id", "cyrillic_x", ["11010519491231002Х", "110101199003079999"]),
        ("mobile", "separated", ["142-0000-1234"]),
        ("citizen_id", "scientific", ["1.10105E+17", "1.10101E+17"]),
        ("citizen_id", "precision_loss", ["110105194912310000", "110101199003079000"]),
        ("citizen_id", "masked", ["1101**********002X", "1101**********9999"]),
        ("uscc", "organization_code_only", ["PDY00001X", "PDY000159"]),
        ("organization_code", "hyphen", ["PDY00001-X", "PDY00015-9"]),
        ("birth_date", "excel_serial", ["32939", "32939"]),
        ("birth_date", "impossible", ["19900230", "1990-02-30"]),
        ("region_code", "abolished", ["130603", "130621"]),
        ("industry_code", "no_section", ["5299"]),
    ],
)  # fmt: skip
def test_dirt_by_example(element, kind, expected):
    assert spoiled(element, kind, SAMPLES[element]) == expected


def test_full_width_signs_are_the_same_after_normalisation():
    (text,) = spoiled("citizen_id", "full_width", [ID])
    assert text != ID == unicodedata.normalize("NFKC", text)


def test_typos_break_every_check():
    for element, is_valid in (
        ("citizen_id", citizen_id_is_valid),
        ("uscc", uscc_is_valid),
        ("license_identifier", license_identifier_is_valid),
    ):
        for text in spoiled(element, "typo", SAMPLES[element] * 20):
            assert not is_valid(text)


def test_a_made_up_number_has_an_impossible_date_and_a_right_check():
    (text,) = spoiled("citizen_id", "impossible_birth", [ID])
    assert text[10:14] == "0230"
    assert citizen_id_is_valid(text)


def test_a_number_of_somebody_else_stays_valid():
    before = [ID, "110101199003079999", "110103196002299980"]
    after = spoiled("citizen_id", "somebody_else", before)
    assert sorted(after) == sorted(before)
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_the_wrong_variant_of_the_licence_check_is_the_one_that_was_published():
    real = (
        "1.2.156.3005.2.11100000000013661B006.113700000045046442."
        "209FA4E88F9E4C878F3E9BED2CE7EA49.001.M"
    )
    assert forms.nonconforming_identifier(real[:-1] + "D") == real


@pytest.mark.parametrize("factor", [0.5, 1.0])
@pytest.mark.parametrize("element", ["citizen_id", "birth_date", "mobile"])
def test_rates_are_what_they_say(element, factor):
    rows = 60_000
    texts = pa.array((SAMPLES[element] * rows)[:rows], pa.string())
    counts: Counter[tuple[str, str]] = Counter()
    rng = np.random.default_rng(3)
    after = spoil(texts, element, rng, factor=factor, spreadsheet=True, counts=counts)
    assert len(after) == rows
    for kind, rate in RATES[element].items():
        share = rate.share if rate.share >= HABIT else rate.share * factor
        expected = rows * share * (0.5 if kind in {"lower_case_x", "cyrillic_x"} else 1)
        assert abs(counts[element, kind] - expected) < 5 * expected**0.5 + 1, kind


def test_without_a_spreadsheet_there_is_no_spreadsheet_damage():
    texts = pa.array([ID] * 20_000, pa.string())
    counts: Counter[tuple[str, str]] = Counter()
    rng = np.random.default_rng(3)
    spoil(texts, "citizen_id", rng, factor=1, spreadsheet=False, counts=counts)
    assert counts["citizen_id", "typo"]
    assert not counts["citizen_id", "scientific"]
    assert not counts["citizen_id", "precision_loss"]


def test_put_replaces_the_named_rows_only():
    texts = pa.array(["a", "b", "c"])
    assert put(texts, np.array([0, 2]), pa.array(["x", "z"])).to_pylist() == ["x", "b", "z"]
