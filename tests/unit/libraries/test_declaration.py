"""Library declarations: read, refused with the reason, cheap to import."""

import shutil
import subprocess
import sys

import pytest

from pipelines.compare.conflicts import EVIDENCE
from pipelines.errors import DeclarationRefused, UnknownLibrary
from pipelines.libraries import load_libraries, load_library
from pipelines.libraries.load import LIBRARIES_DIR
from pipelines.standards.elements import load_elements


def test_the_three_base_libraries_are_declared():
    entities = {library.name: library.entity for library in load_libraries().values()}
    assert entities == {
        "population": "person",
        "legal_entity": "legal_entity",
        "e_license": "license",
    }


def test_id_prefixes_differ_so_that_an_id_says_what_it_is_of():
    prefixes = [library.id_prefix for library in load_libraries().values()]
    assert len(set(prefixes)) == len(prefixes)


@pytest.mark.parametrize("library", load_libraries().values(), ids=lambda library: library.name)
def test_a_library_names_only_what_exists(library):
    assert {column.element_name for column in library.columns.values()} <= load_elements().keys()
    assert library.identity.contradiction in EVIDENCE
    assert {link.library for link in library.links} <= load_libraries().keys()
    claims = [each.claim for each in library.identity.passes]
    assert len(set(claims)) == len(claims)


def test_types_and_titles_come_from_the_elements_unless_the_library_has_its_own():
    columns = load_library("legal_entity").columns
    assert columns["uscc"].title == "统一社会信用代码"
    assert columns["legal_representative_name"].title == "法定代表人（负责人）姓名"
    assert columns["registered_capital"].type == "decimal(20, 2)"


def test_companions_are_published_and_evidence_is_not():
    library = load_library("legal_entity")
    assert library.value_columns["registered_capital_currency_code"] == "string"
    assert "uscc_organization_code" not in library.value_columns
    assert library.record_columns["uscc_organization_code"] == "string"


def test_links_give_columns_and_a_rule():
    assert load_library("e_license").link_columns == {
        "holder_person_id": "population",
        "holder_legal_entity_id": "legal_entity",
        "holder_rule": "",
    }


def test_an_unknown_library_is_refused_with_those_that_exist():
    with pytest.raises(UnknownLibrary, match="e_license, legal_entity, population"):
        load_library("vehicles")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("strong: citizen_id", "strong: passport", "'passport' is no column"),
        ("block: [person_name, birth_date]", "block: [shoe_size]", "'shoe_size' is no column"),
        ("title: 人口库", "colour: 人口库", "colour"),
        ("{element: citizen_id,", "{elements: citizen_id,", "element"),
    ],
)
def test_a_faulty_declaration_is_refused(tmp_path, old, new, said):
    text = (LIBRARIES_DIR / "population.yml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "population.yml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DeclarationRefused, match=said):
        load_libraries(tmp_path)


def test_a_folder_elsewhere_works_the_same(tmp_path):
    shutil.copy(LIBRARIES_DIR / "population.yml", tmp_path / "residents.yml")
    assert load_libraries(tmp_path)["residents"].entity == "person"


def test_reading_the_declarations_loads_no_engine():
    code = (
        "import sys; from pipelines.libraries import load_libraries; load_libraries();"
        "print([m for m in ('ibis', 'duckdb', 'pandas', 'pyarrow') if m in sys.modules])"
    )
    root = LIBRARIES_DIR.parents[1]
    told = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert told.stdout.strip() == "[]", told.stderr
