"""The decision ledger in PostgreSQL: it can be added to and read, and nothing else, by anybody."""

from contextlib import suppress

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from pipelines.identity.review.decisions import Judgement, Record, in_force, pair_of
from pipelines.settings import Settings
from pipelines.warehouse import connect, migrate
from pipelines.warehouse.people.decisions import open_ledger, read_decisions

A, B, C = (Record("civil_affairs__marriages", key) for key in ("甲", "b", "C"))
COLUMNS = (
    "act, library, question, left_source, left_key, right_source, right_key, opinion, verdict,"
    " reason, decided_by, cause"
)
VALUES = "'a', 'population', 'q', 's', '1', 's', '2', 'first', 'same', 'seen', 'me', 'audit'"
INSERT = f"INSERT INTO identity.decision ({COLUMNS}) VALUES ({VALUES})"


@pytest.fixture(scope="module")
def warehouse(module_settings: Settings):
    """One database for the module: each test is about a library of its own."""
    migrate(module_settings)
    engine = connect(module_settings)
    yield engine
    engine.dispose()


@pytest.fixture
def library(request: pytest.FixtureRequest) -> str:
    return request.node.name


def judged(one, other, verdict="same", act="act1"):
    return Judgement(
        *(act, f"question of {act}", pair_of(one, other), "first", verdict, "looked at it", "张三"),
        *("potential_match", "basis", 0.75, "score_0.7", "model"),
    )


def test_a_decision_comes_back_as_it_was(warehouse: Engine, library: str):
    wanted = judged(A, B)
    with open_ledger(warehouse, library) as ledger:
        (added,) = ledger.add([wanted])
    assert read_decisions(warehouse, library) == [added]
    assert added.pair == wanted.pair
    assert added.at is not None
    for name in Judgement.__dataclass_fields__:
        assert getattr(added, name) == getattr(wanted, name)
    assert read_decisions(warehouse, "legal_entity") == []


def test_revoking_leaves_the_decision_and_who_took_it_back(warehouse: Engine, library: str):
    with open_ledger(warehouse, library) as ledger:
        added = ledger.add([judged(A, B), judged(A, C, "different")])
        ledger.revoke(added[:1], act="act2", reason="another file", by="李四")
        assert [each.id for each in in_force(ledger.decisions)] == [added[1].id]
    first, second = read_decisions(warehouse, library)
    assert (first.revoked.by, first.revoked.reason, second.revoked) == (
        "李四",
        "another file",
        None,
    )


def test_what_a_block_began_is_undone_when_it_fails(warehouse: Engine, library: str):
    with suppress(RuntimeError), open_ledger(warehouse, library) as ledger:
        ledger.add([judged(A, B)])
        raise RuntimeError
    assert read_decisions(warehouse, library) == []


@pytest.mark.parametrize("table", ["decision", "revocation"])
@pytest.mark.parametrize("change", ["DELETE FROM", "TRUNCATE", "UPDATE"])
def test_not_even_the_owner_changes_the_past(
    warehouse: Engine, library: str, table: str, change: str
):
    with open_ledger(warehouse, library) as ledger:
        added = ledger.add([judged(A, B)])
        ledger.revoke(added, act="act2", reason="r", by="me")
    statement = f"{change} identity.{table}"
    statement += " SET reason = 'x'" if change == "UPDATE" else ""
    statement += " CASCADE" if change == "TRUNCATE" else ""
    with pytest.raises(DBAPIError, match="append-only"), warehouse.begin() as connection:
        connection.execute(text(statement))


MAY = [INSERT, "SELECT * FROM identity.decision", "SELECT * FROM identity.revocation"]
MAY_NOT = [
    "UPDATE identity.decision SET verdict = 'same'",
    "DELETE FROM identity.decision",
    "TRUNCATE identity.revocation",
    INSERT.replace("decided_by", "login, decided_by").replace("'me'", "'boss', 'me'"),
    INSERT.replace("decided_by", "decided_at, decided_by").replace("'me'", "now(), 'me'"),
    "SELECT * FROM base.person",
    "SELECT * FROM share.person",
    "SELECT * FROM quality.batch",
    "SELECT * FROM audit.unmasked_reading",
    "CREATE TABLE identity.other (x int)",
    "CREATE TABLE public.other (x int)",
    "ALTER TABLE identity.decision DISABLE TRIGGER append_only",
    "DROP TABLE identity.decision",
]


@pytest.mark.parametrize("statement", MAY)
def test_what_a_steward_may(warehouse: Engine, statement: str):
    with warehouse.begin() as connection:
        connection.execute(text("SET LOCAL ROLE steward"))
        connection.execute(text(statement))


@pytest.mark.parametrize("statement", MAY_NOT)
def test_what_a_steward_may_not(warehouse: Engine, statement: str):
    with warehouse.begin() as connection:
        connection.execute(text("SET LOCAL ROLE steward"))
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            connection.execute(text(statement))


def test_a_pair_is_kept_in_one_order_only(warehouse: Engine):
    with pytest.raises(DBAPIError, match="pair_in_order"), warehouse.begin() as connection:
        connection.execute(text(INSERT.replace("'1'", "'3'")))


def test_python_and_postgres_order_records_alike(warehouse: Engine, library: str):
    odd = [
        Record("s", key) for key in ("a", "A", "甲", "é", "z", "10", "9", "\U00020000", "\uff21")
    ]
    with open_ledger(warehouse, library) as ledger:
        ledger.add([judged(odd[0], other, act=other.key) for other in odd[1:]])
