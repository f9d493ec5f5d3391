"""What a wrong value may have been meant for: suggested only where one answer is nearest."""

import pytest

from pipelines.quality.suggested import EMPTY, name_of_code, suggested


@pytest.mark.parametrize(
    ("value", "element", "meant"),
    [
        ("再离", "marital_code", "22"),
        ("丧", "marital_code", "30"),
        ("３", "marital_code", "30"),
        ("99", "marital_code", None),
        ("婚", "marital_code", None),  # in the name of many
        ("男性的", "sex_code", "1"),
        ("朝族", "ethnicity_code", "10"),
        ("李明", "ethnicity_code", None),
        ("存续（在营", "entity_status", None),  # only a sign is in common
        ("本市", "region_code", None),  # 本溪市 is no suggestion
        ("0000-00-00", "birth_date", EMPTY),
        ("无", "address", EMPTY),
        ("1990-13-01", "birth_date", None),
        ("x", None, None),
        ("", "no_such_element", EMPTY),
    ],
)
def test_the_nearest_code_or_none(value, element, meant):
    assert suggested(value, element) == meant


def test_what_must_be_there_is_not_suggested_to_be_empty():
    assert suggested("无", "person_name", required=True) is None


def test_a_code_has_its_name():
    assert name_of_code("22", "marital_code") == "再婚"
    assert name_of_code("22", "birth_date") == name_of_code("22", None) == ""
