"""What a library declares under ``identity.scores``: by name, in order, or refused."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.compare.conflicts import EVIDENCE
from pipelines.errors import DeclarationRefused
from pipelines.identity.scores import blocking, comparisons
from pipelines.libraries import load_libraries, load_library
from pipelines.libraries.load import LIBRARIES_DIR
from pipelines.libraries.scores import BLOCKING_RULES, COMPARISONS, NEEDED_BY_CONTRADICTION

HOUSING = Path(__file__).parents[2] / "fixtures/housing/libraries"
HOUSE: dict[str, Any] = yaml.safe_load((HOUSING / "housing.yml").read_text(encoding="utf-8"))
GOOD: dict[str, Any] = {
    "comparisons": ["region_code"],
    "blocking": [["owner_name", "house_use"], ["certificate_number"]],
}
COLUMNS = "identity.scores.comparisons"
BLOCKS = "identity.scores.blocking"


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setenv("BASELIB_LIBRARIES", str(tmp_path))
    (tmp_path / "elements.yml").write_bytes((HOUSING / "elements.yml").read_bytes())
    return tmp_path


def declare(site, scores, columns=()):
    declared = copy.deepcopy(HOUSE)
    declared["identity"]["scores"] = scores
    declared["columns"] |= dict(columns)
    file = site / "housing.yml"
    file.write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    return file


def refused(file):
    with pytest.raises(DeclarationRefused) as caught:
        load_libraries()
    assert caught.value.file == file
    assert caught.value.remedy
    return caught.value


def test_what_is_declared_is_read_in_its_order(site):
    declare(site, GOOD)
    scores = load_library("housing").identity.scores
    assert list(scores.comparisons) == GOOD["comparisons"]
    assert [list(rule) for rule in scores.blocking] == GOOD["blocking"]


@pytest.mark.parametrize(
    ("key", "value", "field", "problem"),
    [
        ("comparisons", ["colour"], COLUMNS, "'colour', which is no comparison"),
        ("comparisons", ["region_code"] * 2, COLUMNS, "'region_code' twice"),
        ("comparisons", ["mobile"], COLUMNS, "'mobile' looks at 'mobile', which is not declared"),
        ("comparisons", ["some_number"], COLUMNS, "'unit_number_damaged', which is not declared"),
        ("comparisons", [], COLUMNS, "lists nothing"),
        ("comparisons", None, COLUMNS, "lists nothing"),
        ("comparisons", "region_code", COLUMNS, "lists nothing"),
        ("comparisons", [1], f"{COLUMNS}.0", "cannot be this"),
        ("blocking", ["owner_name"], f"{BLOCKS}[0]", "'owner_name', which is no blocking rule"),
        ("blocking", ["former_name"], f"{BLOCKS}[0]", "'organization_name', which is not declared"),
        ("blocking", [["colour"]], f"{BLOCKS}[0]", "'colour', which is not declared"),
        ("blocking", [["owner_name"], []], f"{BLOCKS}[1]", "it is empty"),
        ("blocking", [["owner_name"] * 2], f"{BLOCKS}[0]", "names a column twice"),
        (
            "blocking",
            [["owner_name", "house_use"], ["house_use", "owner_name"]],
            f"{BLOCKS}[1]",
            "stands there already",
        ),
        ("blocking", [], BLOCKS, "lists nothing"),
        ("blocking", None, BLOCKS, "lists nothing"),
        ("blocking", [3], f"{BLOCKS}[0]", "is 3: neither"),
        ("weights", 3, "identity.scores.weights", "no key"),
    ],
)
def test_scores_that_cannot_work_are_refused(site, key, value, field, problem):
    told = refused(declare(site, {**GOOD, key: value}))
    assert told.field == field
    assert problem in told.problem


def test_scores_that_are_no_mapping_are_refused(site):
    assert refused(declare(site, ["region_code"])).field == "identity.scores"


def test_names_of_two_kinds_are_refused(site):
    evidence = dict.fromkeys(("former", "brand", "industry"), "string")
    columns = {
        "person_name": {"element": "person_name"},
        "organization_name": {"element": "organization_name", "evidence": evidence},
    }
    told = refused(declare(site, {**GOOD, "comparisons": list(columns)}, columns))
    assert "both 'person_name' and 'organization_name'" in told.problem


def test_evidence_that_tells_namesakes_apart_needs_its_comparisons(site):
    declared = yaml.safe_load((LIBRARIES_DIR / "legal_entity.yml").read_text(encoding="utf-8"))
    declared |= {"entity": "shop", "id_prefix": "S-"}
    declared.pop("contradictions", None)  # their codes are legal_entity's
    declared["identity"]["scores"]["comparisons"].remove("phone")
    file = site / "shops.yml"
    file.write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    assert "misses 'phone'" in refused(file).problem


def test_what_can_be_named_is_what_there_is():
    assert COMPARISONS.keys() == comparisons.COMPARISONS.keys()
    assert BLOCKING_RULES.keys() == blocking.BLOCKING_RULES.keys()
    for name, comparison in comparisons.COMPARISONS.items():
        assert name == "some_number" or set(comparison.columns) <= set(COMPARISONS[name])
    needed = {
        name: {evidence.identifying[0], *evidence.ties}
        for name, evidence in EVIDENCE.items()
        if evidence.distinguishing
    }
    assert needed == {name: set(names) for name, names in NEEDED_BY_CONTRADICTION.items()}
