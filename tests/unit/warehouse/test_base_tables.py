"""The SQL of base and share, as far as it can be judged without a server."""

from dataclasses import replace

import ibis.expr.datatypes as dt
import pytest

from pipelines.libraries import Link, libraries_in_order, load_libraries
from pipelines.warehouse.base.publication import fingerprint_files
from pipelines.warehouse.base.share_views import view_statement
from pipelines.warehouse.base.tables import (
    base_tables,
    create_statements,
    ibis_type,
    index_statements,
    late_constraints,
    postgres_type,
    quoted,
)
from pipelines.warehouse.server.database import shown_url, sqlalchemy_url

LIBRARIES = load_libraries()


@pytest.mark.parametrize("kind", ["string", "date", "int16", "int64", "boolean", "decimal(20, 2)"])
def test_a_type_goes_to_postgres_and_back(kind: str):
    assert ibis_type(postgres_type(kind)) == dt.dtype(kind)


def test_every_column_of_every_table_has_a_type_that_the_copy_knows():
    for library in LIBRARIES.values():
        for table in base_tables(library):
            for column in table.columns.values():
                plain = column.type.removesuffix(' COLLATE "C"')
                assert postgres_type(str(ibis_type(column.type))) == plain, column


def test_what_is_linked_to_comes_before_what_links():
    order = [library.name for library in libraries_in_order(LIBRARIES)]
    assert sorted(order) == sorted(LIBRARIES)
    assert order[-1] == "e_license"


def test_libraries_that_link_to_each_other_are_still_all_there():
    back = Link("owner", "owner_license_id", "e_license", "same_code", {})
    circle = LIBRARIES | {"population": replace(LIBRARIES["population"], links=(back,))}
    assert {one.name for one in libraries_in_order(circle)} == set(circle)


def test_what_people_search_by_is_indexed():
    person, _, _ = base_tables(LIBRARIES["population"])
    named = {"person_name", "citizen_id", "employer_name", "birth_date", "mobile"}
    assert set(person.indexes) == named
    licence, _, _ = base_tables(LIBRARIES["e_license"])
    assert {"license_number", "holder_code", "holder_person_id"} <= set(licence.indexes)


def test_names_of_constraints_and_indexes_fit_postgres():
    for library in LIBRARIES.values():
        for table in base_tables(library):
            for name in (*late_constraints(table), *index_statements(table), *table.constraints):
                assert len(name.encode()) <= 63, name


def test_the_holders_of_licences_are_foreign_keys():
    golden = base_tables(LIBRARIES["e_license"])[0]
    assert golden.links == {
        "holder_person_id": "person",
        "holder_legal_entity_id": "legal_entity",
    }
    assert all("DEFERRED" in what for what in late_constraints(golden).values())


def test_nothing_is_ever_dropped():
    assert not any("DROP" in statement for statement in create_statements(LIBRARIES))


def test_columns_of_a_view_keep_their_places():
    library = LIBRARIES["population"]
    fresh = view_statement(library)
    names = [line.rsplit('"', 2)[1] for line in fresh.splitlines() if " AS " in line]
    assert view_statement(library, present=names) == fresh
    turned = view_statement(library, present=["mobile", "entity_id"])
    assert turned.index('AS "mobile"') < turned.index('AS "entity_id"')
    assert turned.count('AS "mobile"') == 1


def test_a_quote_in_a_comment_ends_nothing():
    assert quoted("it's") == "'it''s'"


def test_urls_name_their_driver_and_hide_their_password():
    url = "postgresql://me:hush@db:5432/baselib"
    assert sqlalchemy_url(url).startswith("postgresql+psycopg2://me:hush@db")
    assert "hush" not in shown_url(url)


def test_a_fingerprint_is_of_content_and_table_not_of_file_names(tmp_path):
    one, two, other = (tmp_path / name for name in ("one", "two", "other"))
    one.write_bytes(b"rows")
    two.write_bytes(b"rows")
    other.write_bytes(b"more rows")
    assert fingerprint_files({"person": [one]}) == fingerprint_files({"person": [two]})
    assert fingerprint_files({"person": [one]}) != fingerprint_files({"person": [other]})
    assert fingerprint_files({"person": [one]}) != fingerprint_files({"license": [one]})
    assert fingerprint_files({"person": [one, other]}) != fingerprint_files(
        {"person": [other, one]}
    )
