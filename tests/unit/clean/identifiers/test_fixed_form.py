"""A number of a declared form, on every engine."""

from pipelines.clean.identifiers import fixed_form

NUMBER = "130602001001GB00001F00010001"
PATTERN = r"\d{12}[GJZ][A-HJSWXY]\d{5}[FLQW]\d{8}"


def test_a_number_of_the_form_is_kept_and_tidied(clean):
    written = [NUMBER, " 130602 001001 gb00001 f00010001", "130602001001-GB00001-F00010001"]
    parsed = clean(fixed_form(PATTERN, 28), written)
    assert [each.value for each in parsed] == [NUMBER] * 3
    assert [each.rules for each in parsed] == [set(), {"NORMALISED"}, {"NORMALISED"}]


def test_what_has_another_form_is_told(clean):
    wrong = {
        NUMBER[:-1]: {"LENGTH"},
        NUMBER + "0": {"LENGTH"},
        NUMBER[:12] + "O" + NUMBER[13:]: {"CHARSET"},
        NUMBER[:20] + "000100O1": {"CHARSET"},
        "无": {"PLACEHOLDER"},
        "130602001001**00001F00010001": {"MASKED"},
    }
    parsed = clean(fixed_form(PATTERN, 28), list(wrong))
    assert [each.value for each in parsed] == [None] * len(wrong)
    assert [each.rules for each in parsed] == list(wrong.values())


def test_the_pattern_is_for_the_whole_number(clean):
    """An alternative must not escape the ends."""
    [first, second] = clean(fixed_form("A1|B2", 3), ["A1X", "XB2"])
    assert (first.rules, second.rules) == ({"CHARSET"}, {"CHARSET"})


def test_an_empty_field_has_no_finding(clean):
    [nothing, blank] = clean(fixed_form(PATTERN, 28), [None, "  "])
    assert (nothing.value, nothing.rules, blank.value, blank.rules) == (None, set(), None, set())
