"""The schema follows the declarations, and roles see what they may."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from publishing import Publish
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import ProgrammingError

import pipelines.warehouse
from pipelines.libraries import GoldenColumn, load_libraries
from pipelines.settings import Settings
from pipelines.warehouse import connect, migrate
from pipelines.warehouse.base.declared import apply_declarations
from pipelines.warehouse.base.share_views import masked_columns
from pipelines.warehouse.quality.tables import METADATA

PERSON = {
    "entity_id": "P-a",
    "person_name": "王小明",
    "person_name_record": 1,
    "citizen_id": "110105194912310021",
    "citizen_id_record": 1,
    "mobile": "13800138000",
}
# Declared by the migrations only: all that reads and writes them is SQL text.
SQL_ONLY = {
    *("issue", "issue_event", "correction", "repair_import"),
    *("dispute", "dispute_event"),
    *("erased", "erasure", "gap"),
}
COLUMN_OPERATIONS = {
    *("add_table", "remove_table", "add_column", "remove_column"),
    *("modify_type", "modify_nullable"),
}


@contextmanager
def role(warehouse: Engine, name: str) -> Iterator[Connection]:
    with warehouse.connect() as connection:
        connection.execute(text(f"SET ROLE {name}"))
        yield connection


def test_migrating_again_or_at_once_changes_nothing(empty_settings: Settings):
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: migrate(empty_settings), range(3)))
    with connect(empty_settings).connect() as connection:
        applied = connection.execute(text("SELECT count(*) FROM audit.declared_schema"))
        assert applied.scalar_one() == 1


def are_types_different(context: MigrationContext, *compared: Any) -> bool:
    """Stricter than Alembic's own comparison, to which ``text[]`` is ``text``."""
    *_, found, declared = compared
    return found.compile(context.dialect) != declared.compile(context.dialect)


def differing_columns(connection: Connection) -> list[Any]:
    """What Alembic would change in schema ``quality`` for it to be as declared in Python."""
    for module in walk_packages(pipelines.warehouse.__path__, "pipelines.warehouse."):
        import_module(module.name)
    options = {
        "compare_type": are_types_different,
        "include_schemas": True,
        "include_name": lambda name, kind, _: kind != "schema" or name == "quality",
        "include_object": lambda _, name, kind, *__: kind == "column" or name not in SQL_ONLY,
    }
    context = MigrationContext.configure(connection, opts=options)
    found = compare_metadata(context, METADATA)
    flat = [one for each in found for one in (each if isinstance(each, list) else [each])]
    return [each for each in flat if each[0] in COLUMN_OPERATIONS]


def test_the_quality_tables_are_as_declared(warehouse: Engine):
    with warehouse.connect() as connection:
        assert differing_columns(connection) == []
        assert set(inspect(connection).get_table_names("quality")) >= SQL_ONLY
    assert not SQL_ONLY & {table.name for table in METADATA.tables.values()}


def test_a_quality_column_that_is_not_as_declared_is_found(warehouse: Engine):
    for change, operation in (
        ("CREATE TABLE quality.new (id bigint)", "remove_table"),
        ("ALTER TABLE quality.drift RENAME TO old", "add_table"),
        ("ALTER TABLE quality.drift ADD COLUMN new text", "remove_column"),
        ("ALTER TABLE quality.drift DROP COLUMN low", "add_column"),
        ("ALTER TABLE quality.drift ALTER COLUMN low SET NOT NULL", "modify_nullable"),
        ("ALTER TABLE quality.drift ALTER COLUMN history TYPE bigint", "modify_type"),
        ("ALTER TABLE quality.drift ALTER COLUMN low TYPE real", "modify_type"),
        ("ALTER TABLE quality.mail ALTER COLUMN sent_at TYPE timestamp", "modify_type"),
        ("ALTER TABLE quality.score ALTER COLUMN grade TYPE text[] USING '{}'", "modify_type"),
        ("ALTER TABLE quality.score ALTER COLUMN weights TYPE json", "modify_type"),
        ("ALTER TABLE quality.score ALTER COLUMN grade TYPE varchar(9)", "modify_type"),
    ):
        with warehouse.connect() as connection:  # never committed
            connection.execute(text(change))
            assert operation in {each[0] for each in differing_columns(connection)}, change


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
