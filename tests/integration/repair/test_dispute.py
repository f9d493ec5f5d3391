"""A doubted value is marked for everybody who reads it until its owner has answered."""

from datetime import date

import pytest
from sqlalchemy import Engine, text

from pipelines.flows.owner.dispute import DISPUTED_BY_USER, Doubt, answer, dispute, read_doubts
from pipelines.libraries import load_library
from pipelines.settings import Settings
from pipelines.warehouse import connect, migrate
from pipelines.warehouse.people.disputes import (
    DisputeRefused,
    disputed_values,
    end_answered,
    read_disputes,
)

BY = "示范市民政局 社会救助科"
DOUBT = Doubt("P-a", "person_name", "申请人出示户口簿，姓名用字不同")
MARKS = "SELECT entity_id, column_name, disputes FROM {schema}.person_dispute"


@pytest.fixture
def engine(settings: Settings):
    migrate(settings)
    made = connect(settings)
    with made.begin() as connection:
        for statement in (
            "INSERT INTO base.person (entity_id, person_name, person_name_record)"
            " VALUES ('P-a', '张三', 1)",
            "INSERT INTO base.person_source (entity_id, record_no, source, source_key)"
            " VALUES ('P-a', 1, 'public_security__people', 'K-1')",
            "INSERT INTO base.person_redirect (entity_id, current_id) VALUES ('P-old', 'P-a')",
        ):
            connection.execute(text(statement))
    yield made
    made.dispose()


@pytest.fixture
def today(settings: Settings) -> Settings:
    return settings.model_copy(update={"today": date(2026, 6, 1)})


def marks(engine: Engine, schema: str = "share", role: str = "share_reader"):
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL ROLE {role}"))
        return [tuple(row) for row in connection.execute(text(MARKS.format(schema=schema)))]


def test_a_dispute_marks_the_value_until_it_is_answered(engine, today):
    (raised,) = dispute(today, [DOUBT], BY)
    assert (raised.source, raised.due_date) == ("public_security__people", date(2026, 6, 15))
    for schema, role in (("share", "share_reader"), ("base", "base_reader")):
        assert marks(engine, schema, role) == [("P-a", "person_name", 1)]
    answer(today, raised.number, "confirmed", who="公安局", note="已核对底册")
    assert marks(engine) == []
    (ended,) = read_disputes(engine, None)
    assert ended.state == "confirmed"
    with engine.connect() as connection:
        events = connection.execute(text("SELECT kind FROM quality.dispute_event ORDER BY id"))
        assert events.scalars().all() == ["raised", "confirmed"]
    with pytest.raises(DisputeRefused, match="not open"):
        answer(today, raised.number, "withdrawn", who=BY, note="x")


def test_the_same_dispute_is_raised_once_and_an_old_id_leads_to_the_entity(engine, today):
    (first,) = dispute(today, [DOUBT], BY)
    (again,) = dispute(today, [Doubt("P-old", DOUBT.column, DOUBT.reason)], BY)
    assert (again.number, again.new) == (first.number, False)
    assert len(dispute(today, [DOUBT], "另一部门")) == 1
    assert marks(engine) == [("P-a", "person_name", 2)]


def test_its_owner_finds_it_among_his_findings_and_his_answer_ends_it(engine, today):
    dispute(today, [DOUBT], BY)
    (told,) = disputed_values(engine, load_library("population"))
    assert (told["source"], told["source_key"], told["value"]) == (
        "public_security__people",
        "K-1",
        "张三",
    )
    with engine.begin() as connection:
        named = connection.execute(text("SELECT fingerprint FROM quality.dispute")).scalar_one()
        about = {"who": "公安局", "at": "2026-06-05T12:00+08", "note": "repair sheet"}
        assert end_answered(connection, {named: "corrected"}, about) == 1
    assert disputed_values(engine, load_library("population")) == []
    assert marks(engine) == []


@pytest.mark.parametrize(
    ("doubt", "problem"),
    [
        (Doubt("P-none", "person_name", "x"), "No library knows"),
        (Doubt("P-a", "birth_date", "x"), "Nothing is published there"),
        (Doubt("P-a", "person_name", " "), "no reason"),
    ],
)
def test_what_cannot_be_disputed_is_refused_with_the_reason(engine, today, doubt, problem):
    with pytest.raises(DisputeRefused, match=problem):
        dispute(today, [DOUBT, doubt], BY)
    assert marks(engine) == []


def test_a_value_of_no_single_record_is_disputed_with_whom_the_library_names(engine, today):
    with engine.begin() as connection:
        connection.execute(text("UPDATE base.person SET employer_name = '甲厂'"))
    (raised,) = dispute(today, [Doubt("P-a", "employer_name", "早已离职")], BY)
    (one,) = read_disputes(engine)
    assert (raised.source, one.department) == ("library population", "data_bureau")
    assert marks(engine) == [("P-a", "employer_name", 1)]
    answer(today, raised.number, "confirmed", who="数据局", note="已核对")
    assert marks(engine) == []


def test_doubts_come_from_a_file_too(tmp_path):
    file = tmp_path / "doubts.csv"
    file.write_text("entity_id,column,reason\nP-a,person_name,用字不同\n", encoding="utf-8")
    assert read_doubts(file) == [Doubt("P-a", "person_name", "用字不同")]
    file.write_text("id,column\n", encoding="utf-8")
    with pytest.raises(DisputeRefused, match=r"entity_id, reason"):
        read_doubts(file)


def test_the_rule_is_declared():
    from pipelines.standards.rules import load_rules

    assert load_rules()[DISPUTED_BY_USER].severity == "warning"
