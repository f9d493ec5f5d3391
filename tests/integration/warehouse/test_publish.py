"""A publication is seen whole or not at all, and touches only what differs."""

import threading
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from publishing import Publish
from sqlalchemy import Engine, text

from pipelines.errors import DatabaseUnavailable, PublicationFailed
from pipelines.flows.library.lacks import what_was_lacking
from pipelines.libraries import load_library
from pipelines.settings import Settings
from pipelines.warehouse import read_publications
from pipelines.warehouse.base import publish as publish_module
from pipelines.warehouse.server.locks import take_lock


def query(warehouse: Engine, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql), parameters)]


def person(entity_id: str, **values: object) -> Mapping[str, object]:
    return {"entity_id": entity_id, "person_name": "王小明", "person_name_record": 1} | values


def people(names: str, **values: object) -> Sequence[Mapping[str, object]]:
    return [person(f"P-{name}", **values) for name in names]


def licence(entity_id: str, holder: str) -> Mapping[str, object]:
    return {"entity_id": entity_id, "license_name": "营业执照", "holder_person_id": holder}


def test_what_is_published_is_what_is_read(warehouse: Engine, publish_rows: Publish):
    born = date(1990, 2, 3)
    done = publish_rows("population", [person("P-a", birth_date=born, birth_date_record=1)])
    assert done.changed
    assert done.rows == {"person": 1, "person_source": 1, "person_redirect": 0}
    assert query(warehouse, "SELECT entity_id, person_name, birth_date FROM base.person") == [
        ("P-a", "王小明", born)
    ]


def test_where_a_value_comes_from_is_one_query(warehouse: Engine, publish_rows: Publish):
    publish_rows("population", [person("P-a", sex_code="1", sex_code_record=1)])
    values = query(warehouse, "SELECT * FROM base.person_value ORDER BY column_name")
    assert values == [
        ("P-a", "person_name", "王小明", "a__b", "key of P-a"),
        ("P-a", "sex_code", "1", "a__b", "key of P-a"),
    ]


def test_the_same_files_send_no_row(warehouse: Engine, publish_rows: Publish):
    publish_rows("population", people("ab"))
    before = query(warehouse, "SELECT xmin::text, * FROM base.person")
    again = publish_rows("population", people("ab"))
    assert not again.changed
    assert again.rows["person"] == 2
    assert query(warehouse, "SELECT xmin::text, * FROM base.person") == before
    assert len(read_publications(warehouse, "population")) == 1
    publish_rows("population", people("ab"), run="20260701")
    assert [p.status for p in read_publications(warehouse)] == ["published", "unchanged"]


def test_a_publication_says_what_it_was_built_without(migrated, warehouse, publish_rows: Publish):
    publish_rows("population", people("a"), without=["health__a", "health__b"], late=["a__b"])
    publication = read_publications(warehouse, "population")[-1]
    assert publication.without_sources == ["health__a", "health__b"]
    assert publication.late_sources == ["a__b"]
    library = load_library("population")
    (told,) = what_was_lacking(migrated, [library, load_library("e_license")], "20260630")
    assert told == (
        "人口库 (population) was built with gaps; without: health__a, health__b; late: a__b."
    )
    assert what_was_lacking(migrated, [library], "20260701") == []
    publish_rows("population", people("ab"), run="20260701")
    assert what_was_lacking(migrated, [library], "20260701") == []


def test_other_files_with_the_same_rows_change_no_row(warehouse: Engine, publish_rows: Publish):
    publish_rows("population", people("ab"))
    before = query(warehouse, "SELECT xmin::text, * FROM base.person ORDER BY entity_id")
    again = publish_rows("population", people("ba"))
    assert not again.changed
    after = query(warehouse, "SELECT xmin::text, * FROM base.person ORDER BY entity_id")
    assert after == before


def test_only_what_differs_is_touched(warehouse: Engine, publish_rows: Publish):
    publish_rows("population", people("abc"))
    (version,) = query(warehouse, "SELECT xmin::text FROM base.person WHERE entity_id = 'P-a'")
    done = publish_rows("population", [person("P-a"), person("P-b", sex_code="2"), person("P-d")])
    load = done.loads["person"]
    assert (load.rows, load.inserted, load.updated, load.deleted) == (3, 1, 1, 1)
    found = query(warehouse, "SELECT entity_id, sex_code FROM base.person ORDER BY 1")
    assert found == [("P-a", None), ("P-b", "2"), ("P-d", None)]
    assert query(warehouse, "SELECT xmin::text FROM base.person WHERE entity_id = 'P-a'") == [
        version
    ]


def test_a_value_that_became_null_is_null(warehouse: Engine, publish_rows: Publish):
    publish_rows("population", people("a", sex_code="1"))
    publish_rows("population", people("a"))
    assert query(warehouse, "SELECT sex_code FROM base.person") == [(None,)]


def test_record_numbers_may_change_places(warehouse: Engine, publish_rows: Publish):
    record = {"entity_id": "P-a", "source": "s__t"}
    first = [record | {"record_no": n, "source_key": k} for n, k in ((1, "x"), (2, "y"))]
    publish_rows("population", people("a"), source=first)
    second = [record | {"record_no": n, "source_key": k} for n, k in ((1, "w"), (2, "x"), (3, "y"))]
    publish_rows("population", people("a"), source=second)
    found = query(warehouse, "SELECT record_no, source_key FROM base.person_source ORDER BY 1")
    assert found == [(1, "w"), (2, "x"), (3, "y")]


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_a_reader_sees_one_publication_and_all_of_it(
    warehouse: Engine, publish_rows: Publish, isolation: str
):
    size, seen, done = 3000, set(), threading.Event()
    editions = [[person(f"P-{i}", sex_code=str(n)) for i in range(size + n)] for n in range(4)]
    publish_rows("population", editions[0])
    state = text(
        "SELECT count(*), min(sex_code), max(sex_code),"
        " (SELECT count(*) FROM base.person_source) FROM base.person"
    )

    def look() -> None:
        engine = warehouse.execution_options(isolation_level=isolation)
        while not done.is_set():
            with engine.begin() as connection:
                seen.add(tuple(connection.execute(state).one()))
                if isolation == "REPEATABLE READ":  # and it stays what it was
                    assert len({tuple(connection.execute(state).one()) for _ in range(3)}) == 1

    reader = threading.Thread(target=look)
    reader.start()
    for edition in editions[1:]:
        publish_rows("population", edition)
    done.set()
    reader.join()
    assert seen <= {(size + n, str(n), str(n), size + n) for n in range(4)}
    assert len(seen) > 1  # the reader did look while it happened


def test_a_transaction_that_began_before_sees_the_old_state_to_its_end(
    warehouse: Engine, publish_rows: Publish
):
    publish_rows("population", people("ab"))
    snapshot = warehouse.execution_options(isolation_level="REPEATABLE READ")
    with snapshot.begin() as connection:
        connection.execute(text("SELECT 1 FROM quality.publication"))  # takes the snapshot
        publish_rows("population", people("bc"))
        found = connection.execute(text("SELECT entity_id FROM base.person ORDER BY 1"))
        assert [row[0] for row in found] == ["P-a", "P-b"]
    assert query(warehouse, "SELECT entity_id FROM base.person ORDER BY 1") == [("P-b",), ("P-c",)]


def test_a_connection_lost_in_the_middle_leaves_the_last_publication(
    warehouse: Engine, publish_rows: Publish, monkeypatch: pytest.MonkeyPatch
):
    publish_rows("population", people("ab"))

    def cut_the_line(cursor: Any, library: object) -> dict[str, int]:
        (pid,) = cursor.execute("SELECT pg_backend_pid()").fetchone()
        query(warehouse, "SELECT pg_terminate_backend(:pid, 5000)", pid=pid)
        cursor.execute("SELECT 1")
        return {}

    with monkeypatch.context() as patched:
        patched.setattr(publish_module, "relink_others", cut_the_line)
        with pytest.raises(PublicationFailed, match="still see the last publication"):
            publish_rows("population", people("cd"))
    assert query(warehouse, "SELECT entity_id FROM base.person ORDER BY 1") == [("P-a",), ("P-b",)]
    assert len(read_publications(warehouse)) == 1
    assert publish_rows("population", people("cd")).changed


def test_a_row_that_postgres_refuses_stops_all_of_it_and_is_not_quoted(
    warehouse: Engine, publish_rows: Publish
):
    publish_rows("population", people("a"))
    with pytest.raises(PublicationFailed) as caught:
        publish_rows("population", [person("P-b", person_name="张三"), person("P-b")])
    assert "张三" not in str(caught.value)
    assert query(warehouse, "SELECT entity_id FROM base.person") == [("P-a",)]


@pytest.mark.parametrize("names", ["aab", "aac"], ids=["same", "different"])
def test_a_key_that_comes_twice_is_refused(warehouse: Engine, publish_rows: Publish, names: str):
    publish_rows("population", people("ab"))
    with pytest.raises(PublicationFailed, match=r"base\.person"):
        publish_rows("population", people(names), source=[])
    assert query(warehouse, "SELECT count(*) FROM base.person") == [(2,)]


def test_a_crosswalk_row_without_its_entity_is_refused(publish_rows: Publish):
    stray = [{"entity_id": "P-none", "record_no": 1, "source": "s__t", "source_key": "x"}]
    with pytest.raises(PublicationFailed, match="person_source_entity_id_fkey"):
        publish_rows("population", people("a"), source=stray)


def test_publishers_take_turns(warehouse: Engine, publish_rows: Publish, migrated: Settings):
    with warehouse.begin() as connection:
        take_lock(connection, "publish")
        other = threading.Thread(target=publish_rows, args=("population", people("a")))
        other.start()
        other.join(timeout=2)
        assert other.is_alive()
    other.join(timeout=60)
    assert query(warehouse, "SELECT count(*) FROM base.person") == [(1,)]


def test_a_licence_follows_its_holder_s_new_id(warehouse: Engine, publish_rows: Publish):
    publish_rows("population", people("ab"))
    licences = [licence("L-1", "P-a"), licence("L-2", "P-b")]
    publish_rows("e_license", licences)
    redirect = [{"entity_id": "P-b", "current_id": "P-a"}]
    done = publish_rows("population", people("a"), redirect=redirect)
    nobody = {"legal_entity.legal_representative_person_id": 0}
    assert done.relinked == {"license.holder_person_id": 1} | nobody
    links = "SELECT entity_id, holder_person_id FROM base.license ORDER BY 1"
    assert query(warehouse, links) == [("L-1", "P-a"), ("L-2", "P-a")]
    assert not publish_rows("e_license", licences).changed
    assert query(warehouse, links) == [("L-1", "P-a"), ("L-2", "P-a")]


def test_a_licence_of_nobody_has_no_holder_until_there_is_one(
    warehouse: Engine, publish_rows: Publish
):
    publish_rows("population", people("a"))
    licences = [licence("L-1", "P-a"), licence("L-2", "P-new")]
    publish_rows("e_license", licences)
    links = "SELECT holder_person_id FROM base.license ORDER BY entity_id"
    assert query(warehouse, links) == [("P-a",), (None,)]
    publish_rows("population", [*people("a"), person("P-new")])
    publish_rows("e_license", licences)  # the same files, and yet there is something to do
    assert query(warehouse, links) == [("P-a",), ("P-new",)]
    publish_rows("population", [person("P-new")])
    assert query(warehouse, links) == [(None,), ("P-new",)]


def test_a_nul_character_does_not_stop_a_publication(warehouse: Engine, publish_rows: Publish):
    publish_rows("population", people("a", person_name="王\x00明"))
    assert query(warehouse, "SELECT person_name FROM base.person") == [("王␀明",)]


def test_a_server_that_is_gone_is_named(migrated: Settings, publish_rows: Publish):

    gone = migrated.model_copy(
        update={"database_url": type(migrated.database_url)("postgresql://x:hush@127.0.0.1:1/y")}
    )
    with pytest.raises(DatabaseUnavailable) as caught:
        publish_module.publish(gone, load_library("population"), "20260630", {}, {})
    assert "hush" not in str(caught.value)
