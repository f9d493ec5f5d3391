"""Verifications that share a transaction: who goes with whom, and that each gets his own answer."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipelines.serve.api.database import Note
from pipelines.serve.api.problems import Problem
from pipelines.serve.api.verifying import Verified, Verifier


@dataclass
class Database:
    """Answers from ``known``; the first transaction lasts until ``go_on``."""

    known: dict[str, str]
    go_on: threading.Event = field(default_factory=threading.Event)
    transactions: list[list[Note]] = field(default_factory=list)
    refused: list[Note] = field(default_factory=list)
    failure: Callable[[Sequence[str]], None] = lambda given: None
    given: Sequence[str] = ()

    def ask_all(self, notes: Sequence[Note], question: Callable[[Any], Any]) -> Any:
        self.transactions.append([*notes])
        self.go_on.wait(10)
        return question(self)

    def execute(self, statement: str, values: Sequence[Sequence[str]]) -> None:
        self.given = values[0]
        self.failure(self.given)

    def fetchall(self) -> list[tuple[str, str | None, int]]:
        found = [self.known.get(one) for one in self.given]
        return [("yes" if subject else "no", subject, 7) for subject in found]

    def refuse(self, note: Note, problem: Problem) -> None:
        self.refused.append(note)


def note(grant: str = "a__b") -> Note:
    return Note("verify", grant, "population", "李雷", "1")


def ask(database: Database, asked: Sequence[tuple[Note, str]]) -> list[Verified | BaseException]:
    """Ask one, and the others while it is being answered."""

    async def all_of_them() -> list[Verified | BaseException]:
        verifier = Verifier(database)  # type: ignore[arg-type]
        tasks = []
        for one, name in asked:
            tasks.append(asyncio.create_task(verifier.verify(one, {"n": name})))
            await asyncio.sleep(0.02)
        database.go_on.set()
        async with asyncio.timeout(20):
            return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(all_of_them())


def test_what_comes_in_meanwhile_goes_together_and_each_gets_its_own_answer():
    database = Database({'{"n": "x"}': "P-1", '{"n": "z"}': "P-3"})
    notes = [note() for _ in range(4)]
    answers = ask(database, [*zip(notes, "wxyz", strict=True)])
    assert database.transactions == [notes[:1], notes[1:]]
    assert answers == [
        Verified("no", None, 7), Verified("yes", "P-1", 7),
        Verified("no", None, 7), Verified("yes", "P-3", 7),
    ]  # fmt: skip
    assert [(one.ids, one.rows, one.outcome) for one in notes] == [
        ([], 0, "none"), (["P-1"], 1, "ok"), ([], 0, "none"), (["P-3"], 1, "ok"),
    ]  # fmt: skip


def test_grants_share_nothing():
    database = Database({})
    notes = [note("a__b"), note("c__d"), note("a__b"), note("c__d")]
    ask(database, [(one, "x") for one in notes])
    assert sorted(database.transactions, key=len) == [[one] for one in notes]


def test_a_transaction_has_a_most(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pipelines.serve.api.verifying._MOST", 2)
    database = Database({})
    notes = [note() for _ in range(6)]
    ask(database, [(one, "x") for one in notes])
    assert [len(one) for one in database.transactions] == [1, 2, 2, 1]
    assert [one for group in database.transactions for one in group] == notes


def test_a_refusal_is_of_the_one_that_is_refused():
    def failure(given: Sequence[str]) -> None:
        if '{"n": "bad"}' in given:
            raise Problem(422, "look-up-not-granted", "No.")

    database = Database({'{"n": "x"}': "P-1"}, failure=failure)
    notes = [note() for _ in range(4)]
    answers = ask(database, [*zip(notes, ("w", "x", "bad", "x"), strict=True)])
    assert isinstance(answers.pop(2), Problem)
    assert answers == [Verified("no", None, 7), *[Verified("yes", "P-1", 7)] * 2]
    assert database.refused == [notes[2]]
    assert database.transactions[2:] == [[one] for one in notes[1:]]


def test_an_ended_grant_is_refused_for_each(monkeypatch: pytest.MonkeyPatch):
    database = Database({})
    monkeypatch.setattr(database, "fetchall", lambda: [(None, None, 7)] * len(database.given))
    notes = [note() for _ in range(3)]
    answers = ask(database, [(one, "x") for one in notes])
    assert [getattr(one, "name", "") for one in answers] == ["grant-not-in-force"] * 3
    assert database.refused == notes


def test_a_lost_database_fails_all_that_wait_and_the_next_is_asked_again():
    failures = iter([OSError("gone")])

    def failure(given: Sequence[str]) -> None:
        for failed in failures:
            raise failed

    database = Database({'{"n": "x"}': "P-1"}, failure=failure)
    answers = ask(database, [(note(), "x") for _ in range(3)])
    assert isinstance(answers[0], OSError)
    assert answers[1:] == [Verified("yes", "P-1", 7)] * 2


def test_who_gives_up_waiting_takes_nobody_along():
    database = Database({'{"n": "x"}': "P-1"})

    async def one_gives_up() -> list[Verified | BaseException]:
        verifier = Verifier(database)  # type: ignore[arg-type]
        tasks = [asyncio.create_task(verifier.verify(note(), {"n": "x"})) for _ in range(3)]
        await asyncio.sleep(0.02)
        tasks[0].cancel()
        tasks[1].cancel()
        database.go_on.set()
        async with asyncio.timeout(20):
            return await asyncio.gather(*tasks, return_exceptions=True)

    assert asyncio.run(one_gives_up())[2] == Verified("yes", "P-1", 7)
    assert sum(len(group) for group in database.transactions) == 3, "all are noted"
