"""A declaration that cannot work is refused with file, field and remedy; nothing else comes of it.

By example for every kind of fault, and by mutation: whatever is done to a good declaration, it
loads, or it is refused; there is no third way out.
"""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipelines.clean.parsing.registry import parser_for, refuse_unknown_companions
from pipelines.cli.site import libraries as cli
from pipelines.compare.conflicts import EVIDENCE
from pipelines.errors import DeclarationRefused
from pipelines.flows.library.build import resolve
from pipelines.libraries import Library, load, load_libraries
from pipelines.libraries.check import CONTRADICTIONS
from pipelines.quality.contradiction import refuse_unknown_functions
from pipelines.settings import load_settings
from pipelines.standards import elements
from pipelines.standards.elements import load_elements

HOUSING = Path(__file__).parents[2] / "fixtures/housing/libraries"
GOOD: dict[str, Any] = yaml.safe_load((HOUSING / "housing.yml").read_text(encoding="utf-8"))
ELEMENT: dict[str, Any] = yaml.safe_load((HOUSING / "elements.yml").read_text(encoding="utf-8"))
UNIT = "real_estate_unit_number"
# In form only: its function would judge another library's records.
LAW = {"rule": "LENGTH", "find": "persons.event_after_death", "other": "date"}


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of declarations that is in force, with the good element in it."""
    monkeypatch.setenv("BASELIB_LIBRARIES", str(tmp_path))
    (tmp_path / "elements.yml").write_bytes((HOUSING / "elements.yml").read_bytes())
    return tmp_path


def declare(folder: Path, declared: object, name: str = "housing") -> Path:
    file = folder / f"{name}.yml"
    file.write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    return file


def refused(file: Path) -> DeclarationRefused:
    with pytest.raises(DeclarationRefused) as caught:
        load_libraries()
    assert caught.value.file == file
    assert all((caught.value.field, caught.value.problem, caught.value.remedy))
    return caught.value


def changed(path: str, value: object) -> dict[str, Any]:
    """The good declaration with one value set; ``None`` takes the key away."""
    declared = copy.deepcopy(GOOD)
    *way, last = path.split("/")
    at: Any = declared
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    if value is None:
        del at[last]
    else:
        at[int(last) if isinstance(at, list) else last] = value
    return declared


def test_the_good_one_is_a_library_beside_the_package_s(site):
    declare(site, GOOD)
    assert {"population", "housing"} <= load_libraries().keys()
    assert load_libraries()["housing"].columns["unit_number"].title == "不动产单元号"


@pytest.mark.parametrize(
    ("path", "value", "field", "problem"),
    [
        ("publication", {"needs": ["colour"]}, "publication.needs", "no authority"),
        ("publication", {"needs": ["housing", "housing"]}, "publication.needs", "twice"),
        ("publication", {"when": "sometimes"}, "publication.when", "cannot be this"),
        ("publication", {"needs": [], "when": "always"}, "publication.when", "names none"),
        ("publication", {"need": ["housing"]}, "publication.need", "no key"),
        ("publication", ["housing"], "publication", "cannot be this"),
        ("identity/passes", [], "identity.passes", "no reason"),
        ("identity/passes", None, "identity.passes", "no reason"),
        ("identity/passes/0/block", [], "same_certificate_number", "block is empty"),
        ("identity/passes/0/block", ["colour"], "same_certificate_number", "'colour' is no column"),
        ("identity/passes/0/block", "colour", "identity.passes.0.block", "cannot be this"),
        ("identity/passes/0/claim", "same_address_and_owner", "same_address_and_owner", "two"),
        ("identity/passes/0/claim", "same_unit_number", "same_unit_number", "taken"),
        ("identity/strong", "number", "identity.strong", "'number' is no column"),
        ("identity/strong", "owner_code_kind", "identity.strong", "is no column"),
        ("identity/known_by", [], "identity.known_by", "names no column"),
        ("identity/known_by", ["colour"], "identity.known_by", "'colour'"),
        ("identity/about", ["colour"], "identity.about", "'colour'"),
        ("identity/version", "edition", "identity.version", "'edition'"),
        ("identity/contradiction", "spite", "identity.contradiction", "'spite'"),
        (
            "identity/contradiction",
            "other_name_and_birth_date",
            "identity.contradiction",
            "'person_name', which is not declared",
        ),
        ("identity/id_budget", 2, "identity.id_budget", "no share"),
        ("columns/house_use/element", "colour", "columns.house_use.element", "'colour'"),
        ("columns/house_use/element", None, "columns.house_use.element", "missing"),
        ("columns/house_use", "text", "columns.house_use", "no mapping"),
        ("columns/house_use/authority", [], "columns.house_use.authority", "nobody"),
        ("columns/house_use/colour", "red", "columns.house_use.colour", "no key"),
        ("columns/source_key", {"element": "text"}, "columns.source_key", "no name"),
        ("columns/owner_rule", {"element": "text"}, "columns", "'owner_rule' twice"),
        ("columns/owner_code_kind", {"element": "text"}, "columns", "'owner_code_kind' twice"),
        ("columns/owner_code/companions", {"kind": "colour"}, "columns.owner_code", "'colour'"),
        ("authority", ["natural_resources"] * 2, "authority", "twice"),
        ("authority", ["自然资源"], "authority", "no department"),
        ("authority", None, "authority", "missing"),
        ("links/owner/0/library", "vehicles", "links.owner.library", "'vehicles'"),
        ("links/owner/0/library", "housing", "links.owner", "its own"),
        ("links/owner/0/equal", {}, "links.owner.equal", "empty"),
        (
            "links/owner/0/equal",
            {"owner_code": "colour"},
            "links.owner",
            "'colour' is no column of",
        ),
        ("links/owner/0/equal", {"colour": "citizen_id"}, "links.owner", "'colour' is no column"),
        ("links/owner/0/column", "owner_legal_entity_id", "links.owner.column", "two libraries"),
        ("links/owner", [], "links.owner", "no way"),
        ("links/owner/0/claims", "x", "links.owner[0].claims", "no key"),
        ("title", None, "title", "missing"),
        ("title", " ", "title", "empty"),
        ("title", 2026, "title", "cannot be this"),
        ("entity", "person", "entity", "'person'"),
        ("entity", "license_source", "entity", "'license_source'"),
        ("entity", "House", "entity", "names no table"),
        ("id_prefix", "P-", "id_prefix", "'P-'"),
        ("id_prefix", "h", "id_prefix", "no id begins"),
        ("counted_as", {"zh": "套房屋"}, "counted_as", "misses"),
        ("counted_as/fr", "maison", "counted_as.fr", "no language"),
        ("past_dates", ["house_use"], "dates", "'house_use' is no date"),
        ("ordered_dates", [["completion_date"]], "ordered_dates", "no list of pairs"),
        ("wording/SILLY", {"zh": "x"}, "wording.SILLY", "no rule"),
        ("contradictions", {"LENGTH": LAW}, "contradictions", "no list of rules"),
        ("contradictions", "LENGTH", "contradictions", "no list of rules"),
        ("contradictions", ["LENGTH"], "contradictions[0]", "no mapping"),
        ("contradictions", [LAW | {"colour": "red"}], "contradictions[0].colour", "no key"),
        ("contradictions", [LAW | {"library": "housing"}], "contradictions[0].library", "no key"),
        ("contradictions", [{"rule": "LENGTH"}], "contradictions[0].find", "missing"),
        ("contradictions", [LAW | {"needs": "population"}], "contradictions[0].needs", "cannot be"),
        ("contradictions", [LAW | {"find": 1}], "contradictions[0].find", "cannot be this"),
        ("contradictions", [LAW | {"rule": "SILLY"}], "contradictions.SILLY", "no rule"),
        ("contradictions", [LAW, LAW], "contradictions.LENGTH", "twice"),
        ("contradictions", [LAW | {"other": "colour"}], "LENGTH.other", "'colour'"),
        ("contradictions", [LAW | {"needs": ["vehicles"]}], "LENGTH.needs", "'vehicles'"),
        ("contradictions", [LAW | {"sees": ["vehicles"]}], "LENGTH.sees", "'vehicles'"),
        (
            "contradictions",
            [LAW | {"rule": "LICENSE_OF_DECEASED"}],
            "contradictions",
            "e_license.yml has as well",
        ),
        ("accuracy", {"precision": 2}, "accuracy", "no bound"),
        ("colour", "red", "colour", "no key"),
        ("name", "housing", "name", "no key"),
    ],
)
def test_what_cannot_work_is_refused(site, path, value, field, problem):
    told = refused(declare(site, changed(path, value)))
    assert field in told.field
    assert problem in told.problem


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "- a\n- b\n", "just words", "a: [1", "title: a\ntitle: b", "\x00", "1: 2"],
)
def test_what_is_no_declaration_is_refused(site, text):
    file = site / "housing.yml"
    file.write_text(text, encoding="utf-8")
    refused(file)


def test_a_file_that_is_no_text_is_refused(site):
    file = site / "housing.yml"
    file.write_bytes("title: 房屋库".encode("gb18030"))
    assert "cannot be read" in refused(file).problem


def test_a_file_that_would_be_overlooked_is_refused(site):
    file = site / "housing.yaml"
    file.write_text("title: x", encoding="utf-8")
    assert "Rename it to housing.yml" in refused(file).remedy


def test_a_folder_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("BASELIB_LIBRARIES", str(tmp_path / "nowhere"))
    assert refused(tmp_path / "nowhere").remedy == "Correct BASELIB_LIBRARIES."


def test_a_circle_of_links_is_refused(site):
    declare(site, GOOD)
    other = changed("entity", "garden") | {"id_prefix": "G-"}
    other["links"] = {
        "house": [
            {
                "column": "house_id",
                "library": "housing",
                "claim": "same_unit",
                "equal": {"unit_number": "unit_number"},
            }
        ]
    }
    declare(site, other, "gardens")
    back = copy.deepcopy(GOOD)
    back["links"]["garden"] = [
        {
            "column": "garden_id",
            "library": "gardens",
            "claim": "same_unit",
            "equal": {"unit_number": "unit_number"},
        }
    ]
    declare(site, back)
    with pytest.raises(DeclarationRefused, match=r"circle: gardens -> housing -> gardens"):
        load_libraries()


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("mask", "blur", "cannot be this"),
        ("sensitivity", "secret", "cannot be this"),
        ("code_table", "colours", "no code table"),
        ("parser", None, "missing"),
        ("colour", "red", "no key"),
        ("parameters", [1], "cannot be this"),
    ],
)
def test_an_element_that_cannot_work_is_refused(site, key, value, problem):
    declared = copy.deepcopy(ELEMENT)
    if value is None:
        del declared[UNIT][key]
    else:
        declared[UNIT][key] = value
    file = declare(site, declared, "elements")
    told = refused_elements(file)
    assert told.field == f"{UNIT}.{key}" or told.field.startswith(f"{UNIT}.{key}.")
    assert problem in told.problem


def refused_elements(file: Path) -> DeclarationRefused:
    with pytest.raises(DeclarationRefused) as caught:
        load_elements()
    assert caught.value.file == file
    return caught.value


def test_an_element_of_the_package_cannot_be_declared_anew(site):
    file = declare(site, {"citizen_id": ELEMENT[UNIT]}, "elements")
    assert "as well" in refused_elements(file).problem


@pytest.mark.parametrize(
    ("parser", "parameters", "field"),
    [
        ("identifiers.colour", {}, "parser"),
        ("os.system", {}, "parser"),
        ("parsing.registry.parser_for", {}, "parameters"),
        ("identifiers.fixed_form", {}, "parameters"),
        ("identifiers.fixed_form", {"length": 28}, "parameters"),
        ("identifiers.fixed_form", {"length": 28, "pattern": "[0-9"}, "parameters"),
        ("identifiers.fixed_form", {"length": 28, "pattern": r"\p{Han}+"}, "parameters"),
        ("identifiers.fixed_form", {"length": "many", "pattern": r"\d+"}, "parameters"),
        ("identifiers.fixed_form", {"length": 0, "pattern": r"\d+"}, "parameters"),
        ("identifiers.citizen_id", {"length": 3}, "parameters"),
        ("dates.date", {}, "type"),
    ],
)
def test_a_parser_that_cannot_be_made_is_refused_with_the_site_s_file(
    site, parser, parameters, field
):
    declared = {UNIT: ELEMENT[UNIT] | {"parser": parser, "parameters": parameters}}
    file = declare(site, declared, "elements")
    with pytest.raises(DeclarationRefused) as caught:
        parser_for(load_elements()[UNIT])
    assert (caught.value.file, caught.value.field) == (file, f"{UNIT}.{field}")


def test_a_companion_that_no_parser_makes_is_refused(site):
    file = declare(site, changed("columns/owner_code/companions/colour", "string"))
    with pytest.raises(
        DeclarationRefused, match=r"'colour', which identifiers\.holder_code"
    ) as told:
        refuse_unknown_companions(load_libraries()["housing"])
    assert told.value.file == file


def test_a_library_may_have_no_consistency_rule_and_needs_nothing_for_it(site):
    declare(site, GOOD)
    assert "contradictions" not in GOOD
    assert load_libraries()["housing"].contradictions == []
    refuse_unknown_functions(load_libraries()["housing"])


@pytest.mark.parametrize(
    ("find", "problem"),
    [
        ("persons.colour", "cannot be loaded"),
        ("os.system", "cannot be loaded"),
        ("colour", "cannot be loaded"),
        ("", "cannot be loaded"),
        ("world.judged", "is no rule"),
        ("persons.LINKED_BY_NUMBER", "is no rule"),
        ("persons.event_after_death", "judges records of population"),
    ],
)
def test_a_consistency_rule_without_its_function_is_refused_where_it_is_looked_up(
    site, find, problem
):
    file = declare(site, changed("contradictions", [LAW | {"find": find}]))
    library = load_libraries()["housing"]
    with pytest.raises(DeclarationRefused) as caught:
        refuse_unknown_functions(library)
    assert (caught.value.file, caught.value.field) == (file, "contradictions.LENGTH.find")
    assert problem in caught.value.problem
    with pytest.raises(DeclarationRefused, match=r"LENGTH\.find"):  # before anything is opened
        resolve(load_settings(home=site / "home"), "housing", "20260630")
    assert not (site / "home").exists()
    result = CliRunner().invoke(cli.app, ["check"])
    assert isinstance(result.exception, DeclarationRefused)
    assert result.exception.problem == caught.value.problem


def test_the_evidence_that_can_be_named_is_the_evidence_there_is():
    assert CONTRADICTIONS.keys() == EVIDENCE.keys()
    for name, evidence in EVIDENCE.items():
        assert set(evidence.columns) <= set(CONTRADICTIONS[name])


WRONG: Any = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=False, width=16),
    st.sampled_from(
        ["", " ", "unit_number", "owner_code", "population", "text", "同", "a.b", "x-"]
    ),
    st.text(max_size=5),
    st.lists(st.sampled_from(["unit_number", "nothing", 1, None, [], {}]), max_size=3),
    st.dictionaries(st.sampled_from(["element", "claim", "zh", 1]), st.just("text"), max_size=2),
    st.dates(),
)


@pytest.fixture
def as_is(monkeypatch):
    """Read the package's own libraries once: nothing is done to them."""
    package = {library.file: library for library in load_libraries().values()}
    read = load.read_library
    monkeypatch.setattr(load, "read_library", lambda file: package.get(file) or read(file))


@given(data=st.data())
@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_declaration_loads_or_is_refused_whatever_is_done_to_it(site, data, as_is):
    declared = copy.deepcopy(GOOD) | {"contradictions": [dict(LAW), LAW | {"rule": "CHARSET"}]}
    for _ in range(data.draw(st.integers(1, 2))):
        _mutate(declared, data)
    load._in_force.cache_clear()
    file = declare(site, declared)
    told: Library | DeclarationRefused
    try:
        told = load_libraries()["housing"]
        refuse_unknown_companions(told)
    except DeclarationRefused as refusal:
        told = refusal
    assert told.file == file
    if isinstance(told, DeclarationRefused):
        assert all((told.field, told.problem, told.remedy))
    else:
        assert told.record_columns


def _mutate(declared: Any, data: st.DataObject) -> None:
    """Something at some depth is replaced, taken away, or put beside."""
    at = declared
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        deeper = isinstance(at[key], dict | list) and at[key]
        if deeper and data.draw(st.booleans()):
            at = at[key]
            continue
        kind = data.draw(st.sampled_from(["replace", "delete", "add"]))
        if kind == "delete":
            del at[key]
        elif kind == "replace":
            at[key] = data.draw(WRONG)
        elif isinstance(at, dict):
            at[data.draw(st.sampled_from(["extra", "name", "title", 1, None]))] = data.draw(WRONG)
        else:
            at.append(data.draw(WRONG))
        return


def _clear_caches() -> None:
    load._in_force.cache_clear()
    elements._everywhere.cache_clear()
    elements._of_file.cache_clear()


@pytest.fixture(autouse=True)
def _nothing_remembered():
    _clear_caches()
    yield
    _clear_caches()
