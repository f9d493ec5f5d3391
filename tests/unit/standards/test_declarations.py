"""elements.yml, rules.yml and the parsers agree with each other."""

import re
from typing import get_args

import ibis
import pytest

from pipelines.clean.parsing.registry import parser_for
from pipelines.clean.parsing.rules_of import rules_of
from pipelines.errors import DeclarationRefused
from pipelines.flows.source.score import COMPARED
from pipelines.quality.contradiction import declared_contradictions
from pipelines.standards.code_tables import TABLES_DIR
from pipelines.standards.elements import (
    DataElement,
    Mask,
    Sensitivity,
    load_elements,
)
from pipelines.standards.rules import Severity, load_rules

# Broken by records, or by two columns together, and not found by a parser.
NOT_OF_A_PARSER = {
    *("NO_KEY", "NO_IDENTITY", "RAGGED_LINE", "UNDECODABLE_BYTES", "SUPERSEDED"),
    "STATED_WRONG_BY_OWNER",
    *("KEY_SHARED", "MISSING_REQUIRED", "DISAGREES_WITH_AUTHORITY", "NUMBER_OF_ANOTHER_ENTITY"),
    *(one.rule for one in declared_contradictions()),
}
INDICATORS = {
    *("0101", "0102", "0103", "0104", "0105", "0106", "0201", "0202", "0301", "0302", "0303"),
    *("0304", "0305", "0401", "0402", "0501", "0502", "0503", "0601", "0602"),
}


@pytest.mark.parametrize("name", load_elements())
def test_every_element_has_a_parser_whose_rules_are_declared(name):
    element = load_elements()[name]
    assert rules_of(element) <= set(load_rules())


@pytest.mark.parametrize("name", load_elements())
def test_the_fields_of_an_element_are_what_they_may_be(name):
    element = load_elements()[name]
    assert element.sensitivity in get_args(Sensitivity)
    assert element.mask in get_args(Mask)
    assert element.sensitivity != "sensitive" or element.mask != "none"
    assert ibis.dtype(element.type)
    assert element.title
    assert element.description
    if element.code_table:
        assert list(TABLES_DIR.glob(f"{element.code_table}*.csv")), element.code_table


@pytest.mark.parametrize("code", load_rules())
def test_the_fields_of_a_rule_are_what_they_may_be(code):
    rule = load_rules()[code]
    assert rule.severity in get_args(Severity)
    assert rule.indicator in INDICATORS
    assert rule.zh.endswith("。")
    assert rule.repair_zh.endswith("。")
    assert rule.en


@pytest.mark.parametrize("code", load_rules())
def test_a_rule_says_in_english_what_is_wrong_and_what_to_do(code):
    rule = load_rules()[code]
    said = [rule.problem_in("en"), rule.repair_in("en")]
    assert all(each.endswith((".", ")")) for each in said)
    assert not re.search("[\u3000-\u9fff\uff00-\uffef]", "".join((*said, rule.clause_in("en"))))


def test_what_a_comparison_counts_is_counted_by_nothing_else():
    rules = load_rules()
    of_columns = set().union(*(rules_of(element) for element in load_elements().values()))
    between = {one.rule for one in declared_contradictions()}
    between |= {"DISAGREES_WITH_AUTHORITY", "DISPUTED_BY_USER", "NUMBER_OF_ANOTHER_ENTITY"}
    assert {rules[code].indicator for code in between} == set(COMPARED)
    within = {code for code in rules if code not in between and rules[code].severity != "info"}
    assert of_columns & between == set()
    assert {rules[code].indicator for code in within} & set(COMPARED) == set()


def test_no_rule_of_the_identifiers_is_idle():
    used = set().union(*(rules_of(element) for element in load_elements().values()))
    own = set(load_rules()) - NOT_OF_A_PARSER
    idle = {code for code in own - used if load_rules()[code].clause.startswith(("GB 11", "GS 15"))}
    assert idle <= {"SEX_MISMATCH", "BIRTH_MISMATCH"}


def test_a_parser_that_is_not_there_is_refused_with_its_name():
    ghost = DataElement("ghost", "鬼", "", "identifiers.ghost", "string", "public", "none", "")
    with pytest.raises(DeclarationRefused, match=r"identifiers\.ghost"):
        parser_for(ghost)
