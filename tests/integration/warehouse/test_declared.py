"""The schema follows the declarations, and roles see what they may."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from conftest import Publish
from sqlalchemy import Connection, Engine, TableClause, inspect, text
from sqlalchemy.exc import ProgrammingError

from pipelines.libraries import GoldenColumn, load_libraries
from pipelines.settings import Settings
from pipelines.warehouse import connect, migrate
from pipelines.warehouse.base.declared import apply_declarations
from pipelines.warehouse.base.share_views import masked_columns
from pipelines.warehouse.quality import tables as quality_tables

PERSON = {
    "entity_id": "P-a",
    "person_name": "王小明",
    "person_name_record": 1,
    "citizen_id": "110105194912310021",
    "citizen_id_record": 1,
    "mobile": "13800138000",
}


@contextmanager
def role(warehouse: Engine, name: str) -> Iterator[Connection]:
    with warehouse.connect() as connection:
        connection.execute(text(f"SET ROLE {name}"))
        yield connection


def test_migrating_again_or_at_once_changes_nothing(settings: Settings):
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: migrate(settings), range(3)))
    with connect(settings).connect() as connection:
        applied = connection.execute(text("SELECT count(*) FROM audit.declared_schema"))
        assert applied.scalar_one() == 1


def test_the_quality_tables_are_what_the_code_takes_them_for(warehouse: Engine):
    found = inspect(warehouse)
    for declared in vars(quality_tables).values():
        if isinstance(declared, TableClause):
            columns = {each["name"] for each in found.get_columns(declared.name, "quality")}
            assert columns == {each.name for each in declared.c}, declared.name
    assert set(found.get_table_names("quality")) == {
        *("batch", "expectation_result", "finding_count", "identity_accuracy"),
        *("mail", "mail_about", "mail_attempt", "publication", "stage_timing"),
        *("issue", "issue_event", "correction", "repair_import", "owner_month"),
        *("dispute", "dispute_event", "indicator_count", "score", "drift"),
        *("id_comparison", "id_change", "id_loss", "id_approval", "resolution"),
    }


@pytest.mark.parametrize("library", load_libraries().values(), ids=lambda one: one.name)
def test_every_golden_column_has_its_term_and_standard(warehouse: Engine, library: Any):
    comments = {
        column["name"]: column["comment"]
        for column in inspect(warehouse).get_columns(library.entity, "base")
    }
    for golden in library.columns.values():
        assert golden.title in comments[golden.name]
        assert golden.element.standard in comments[golden.name]
        assert f"{library.entity}_source" in comments[f"{golden.name}_record"]
    assert all(comments.values())


def test_keys_and_indexes_are_there_after_the_first_publication(
    warehouse: Engine, publish_rows: Publish
):
    publish_rows("population", [PERSON])
    publish_rows("e_license", [{"entity_id": "L-1", "holder_person_id": "P-a"}])
    found = inspect(warehouse)
    assert found.get_pk_constraint("person", "base")["constrained_columns"] == ["entity_id"]
    source = found.get_pk_constraint("person_source", "base")
    assert source["constrained_columns"] == ["entity_id", "record_no"]
    assert {key["referred_table"] for key in found.get_foreign_keys("license", "base")} == {
        "person",
        "legal_entity",
    }
    indexed = {index["column_names"][0] for index in found.get_indexes("person", "base")}
    assert {"citizen_id", "person_name"} <= indexed


def test_a_declared_column_is_added_and_nothing_else_is_lost(
    warehouse: Engine, publish_rows: Publish
):
    publish_rows("population", [PERSON])
    with warehouse.begin() as connection:
        connection.execute(text("CREATE VIEW public.mine AS SELECT * FROM share.person"))
    libraries = dict(load_libraries())
    population = libraries["population"]
    added = GoldenColumn("nickname", "person_name", ("health",))
    columns = {"nickname": added, **population.columns}  # declared first, added last
    libraries["population"] = replace(population, columns=columns)
    with warehouse.begin() as connection:
        assert apply_declarations(connection, libraries)
        assert not apply_declarations(connection, libraries)
        (row,) = connection.execute(text("SELECT citizen_id, nickname FROM base.person"))
        assert tuple(row) == (PERSON["citizen_id"], None)
        connection.execute(text("SELECT nickname FROM share.person"))
        connection.execute(text("SELECT person_name FROM public.mine"))


def test_base_reader_reads_base_and_nothing_else(warehouse: Engine, publish_rows: Publish):
    publish_rows("population", [PERSON])
    with role(warehouse, "base_reader") as reader:
        assert reader.execute(text("SELECT citizen_id FROM base.person")).scalar_one()
        assert reader.execute(text("SELECT count(*) FROM base.person_value")).scalar_one() == 3
        with pytest.raises(ProgrammingError, match="permission denied"):
            reader.execute(text("DELETE FROM base.person"))
    for table in ("share.person", "quality.batch", "quality.mail", "audit.declared_schema"):
        with role(warehouse, "base_reader") as reader, pytest.raises(ProgrammingError):
            reader.execute(text(f"SELECT * FROM {table}"))


def test_share_reader_sees_masks_and_never_what_is_behind_them(
    warehouse: Engine, publish_rows: Publish
):
    publish_rows("population", [PERSON])
    with role(warehouse, "share_reader") as reader:
        (row,) = reader.execute(text("SELECT * FROM share.person")).mappings()
    shown = " ".join(str(value) for value in row.values())
    for secret in ("citizen_id", "mobile", "person_name"):
        assert row[secret]
        assert str(PERSON[secret]) not in shown
    assert row["entity_id"] == "P-a"
    for table in ("base.person", "base.person_source", "base.person_value", "quality.batch"):
        with role(warehouse, "share_reader") as reader, pytest.raises(ProgrammingError):
            reader.execute(text(f"SELECT * FROM {table}"))


def test_every_column_is_shown_through_the_mask_of_its_element():
    for library in load_libraries().values():
        shown = masked_columns(library)
        for golden in library.columns.values():
            bare = shown[golden.name] == f'"{golden.name}"'
            holder = golden.name == "holder_name"  # a person's or an organisation's
            assert bare == (golden.element.mask == "none" and not holder), golden.name
            assert not (bare and golden.element.sensitivity == "sensitive"), golden.name


def test_a_new_publication_keeps_the_grants(warehouse: Engine, publish_rows: Publish):
    publish_rows("population", [PERSON])
    publish_rows("population", [PERSON | {"entity_id": "P-b"}])
    with role(warehouse, "base_reader") as reader:
        assert reader.execute(text("SELECT entity_id FROM base.person")).scalar_one() == "P-b"
