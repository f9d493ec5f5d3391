"""A library of a site has consistency rules as those of the package have: by its declaration."""

from pathlib import Path

import ibis
import pytest
import yaml

from pipelines.libraries import load_library
from pipelines.quality.contradiction import (
    Published,
    World,
    contradictions_of,
    declared_contradictions,
    find_contradictions,
    other_masks,
    record_columns,
    refuse_unknown_functions,
    world,
)
from pipelines.standards.elements import load_elements

HOUSING = Path(__file__).parents[2] / "fixtures/housing/libraries"
# A code that no library of the package uses as a consistency rule.
RULE = "MISSING_REQUIRED"


def _unnumbered(of: World) -> ibis.Table:
    """Houses without a number, each the fault of its record."""
    core = of.core("housing")
    rows = core.mutate(source=ibis.literal("housing__houses"), source_key=core.entity_id)
    missing = {name: ibis.null("string") for name in ("other_source", "other_key")}
    return world.judged(
        rows,
        "house_address",
        value=rows.house_address,
        other_entity_id=rows.entity_id,
        other_value=rows.owner_code,
        wrong=rows.unit_number.isnull(),
        **missing,
    )


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A site whose library of houses declares a rule that needs persons and sees licences."""
    declared = yaml.safe_load((HOUSING / "housing.yml").read_text(encoding="utf-8"))
    declared["contradictions"] = [
        {
            "rule": RULE,
            "find": "world.unnumbered",
            "other": "holder_code",
            "needs": ["population"],
            "sees": ["e_license"],
        }
    ]
    (tmp_path / "elements.yml").write_bytes((HOUSING / "elements.yml").read_bytes())
    (tmp_path / "housing.yml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    monkeypatch.setenv("BASELIB_LIBRARIES", str(tmp_path))
    monkeypatch.setattr(world, "unnumbered", world.judges("housing")(_unnumbered), raising=False)


def _world(*libraries: str) -> World:
    houses = ibis.memtable(
        [
            ("H-1", "N-1", "东风路12号", "A"),
            ("H-2", None, "幸福路5号", "B"),
        ],
        columns=["entity_id", "unit_number", "house_address", "owner_code"],
    )
    return World({name: Published(houses, houses) for name in libraries}, {})


@pytest.mark.usefixtures("site")
def test_its_rule_is_asked_once_the_libraries_that_it_needs_are_published():
    assert contradictions_of("housing", _world("housing")) == []
    everything = _world("housing", "population")
    (rule,) = contradictions_of("housing", everything)
    assert (rule.rule, rule.library) == (RULE, "housing")
    for seen, asked in (("population", [rule]), ("e_license", [rule]), ("legal_entity", [])):
        assert contradictions_of("housing", everything, seen) == asked


@pytest.mark.usefixtures("site")
def test_its_rule_finds_by_the_function_that_it_names():
    refuse_unknown_functions(load_library("housing"))
    of = _world("housing", "population")
    rules = contradictions_of("housing", of)
    (compared,) = find_contradictions(rules, of, lambda table: table)
    (found,) = compared.finding.to_pyarrow().to_pylist()
    assert (found["rule"], found["source_key"], found["other_value"]) == (RULE, "H-2", "B")
    (counted,) = compared.agreement.to_pyarrow().to_pylist()
    assert (counted["compared"], counted["agreed"]) == (2, 1)


@pytest.mark.usefixtures("site")
def test_the_other_value_is_masked_as_its_element_says_and_rules_come_in_building_order():
    assert other_masks()[RULE] == load_elements()["holder_code"].mask
    assert list(dict.fromkeys(one.library for one in declared_contradictions())) == [
        *("population", "legal_entity", "e_license", "housing")
    ]


@pytest.mark.parametrize("name", ["population", "legal_entity", "e_license"])
def test_every_rule_of_the_package_names_a_function_that_judges_its_library(name):
    library = load_library(name)
    assert library.contradictions
    refuse_unknown_functions(library)


@pytest.mark.usefixtures("site")
def test_its_rule_finds_in_single_records_the_columns_that_it_asks_for(monkeypatch):
    asked = {"housing": ("owner_code", "house_address"), "population": ("marital_code",)}
    rule = world.judges("housing", asked, {"housing": ("owner_code",)})(_unnumbered)
    monkeypatch.setattr(world, "unnumbered", rule)
    assert record_columns("housing") == ["owner_code", "house_address"]
    assert "marital_code" in record_columns("population")
    assert record_columns("vehicles") == []
