"""What an error ends, and what goes on: every verb is tried, nothing else is hurt."""

import ast
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from pipelines.errors import DatabaseLost, UnexpectedError
from pipelines.flows import run as run_module
from pipelines.flows.run import exit_code, run_libraries
from pipelines.libraries import load_library
from pipelines.settings import load_settings

BATCH = "20260630"
VERBS = [
    "land",
    "stage",
    "check",
    "score",
    "track",
    "report",
    "resolve",
    "merge",
    "check_library",
    "publish",
    "compare",
]
QUESTIONS = ["what_to_tell", "library_is_unchanged"]  # whose answer here is: go on
MAIL = ["digest", "deliver", "tidy", "expire", "check_mail"]
Problem = Callable[[str, str], Exception | None]


@pytest.fixture
def outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a library of two sources whose verbs only note that they were called."""

    def go(problem: Problem, answers: Mapping[str, object] = MappingProxyType({})):
        called: list[str] = []

        def verb(name: str):
            def call(_settings: object, *about: object) -> object:
                subject = getattr(about[0], "name", about[0]) if about else "mail"
                called.append(f"{name} {subject}")
                if error := problem(name, str(subject)):
                    raise error
                return answers.get(name)

            call.__name__ = name
            return call

        for name in (*VERBS, "score_library", *QUESTIONS, *MAIL):
            monkeypatch.setattr(run_module, name, verb(name))
        settings = load_settings(home=tmp_path, jobs=1)
        sources = [SimpleNamespace(name=name, library="population") for name in ("a__b", "c__d")]
        libraries = [load_library("population")]
        return run_libraries(settings, libraries, sources, BATCH, lambda _: None), called

    return go


def test_an_unexpected_error_stops_its_own_source_and_is_told_with_its_log(outcome):
    def only_there(verb: str, subject: str) -> Exception | None:
        return ZeroDivisionError("张三") if (verb, subject) == ("stage", "a__b") else None

    ended, called = outcome(only_there)
    failure = ended.failures["a__b"]
    assert isinstance(failure, UnexpectedError)
    assert str(failure).startswith(f"a__b, batch {BATCH}, stage: ended by an unexpected")
    assert "ZeroDivisionError" in failure.log.read_text(encoding="utf-8")
    assert str(failure.log) in str(failure)
    assert set(ended.failures) == {"a__b"}
    assert "check a__b" not in called
    for still in ("report c__d", "publish population", "compare population", "check_mail mail"):
        assert still in called
    assert exit_code(ended) == 3


def test_a_verb_that_lost_its_database_is_tried_once_more(outcome):
    tries = {"land": 1, "merge": 2, "digest": 1, "tidy": 2}

    def restarted(verb: str, _subject: str) -> Exception | None:
        if tries.get(verb, 0):
            tries[verb] -= 1
            return OperationalError("SELECT", {}, Exception("server closed the connection"))
        return None

    ended, called = outcome(restarted)
    assert called.count("land a__b") == 2
    assert called.count("merge population") == 2
    assert [called.count(f"{verb} mail") for verb in MAIL] == [2, 1, 2, 0, 0]
    assert set(ended.failures) == {"population", "mail"}
    assert isinstance(ended.failures["population"], DatabaseLost)
    assert "publish population" not in called


def test_mail_that_fails_does_not_undo_the_run(outcome):
    ended, called = outcome(lambda verb, _: OSError(28, "full") if verb == "deliver" else None)
    assert set(ended.failures) == {"mail"}
    assert "no space is left" in str(ended.failures["mail"])
    assert "publish population" in called


def test_every_verb_of_a_run_goes_through_the_one_place():
    """No other handler in this module may swallow what a verb raises."""
    tree = ast.parse(Path(run_module.__file__).read_text(encoding="utf-8"))
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    assert len(handlers) == 1
    assert all("explain_error" in ast.unparse(node) for node in handlers)


def test_a_day_that_brings_nothing_new_ends_after_land(outcome):
    answers = {
        "land": SimpleNamespace(unchanged=True),
        "what_to_tell": "nothing",
        "library_is_unchanged": True,
    }
    _, called = outcome(lambda *_: None, answers)
    assert {name.split()[0] for name in called} == {*answers, *MAIL}


@pytest.mark.parametrize("has_news", [True, False])
def test_an_owner_of_equal_rows_hears_of_what_a_comparison_brought(outcome, has_news):
    answers = {
        "land": SimpleNamespace(unchanged=True),
        "what_to_tell": "news",
        "track": SimpleNamespace(has_news=has_news),
    }
    _, called = outcome(lambda *_: None, answers)
    assert "track a__b" in called
    assert ("report a__b" in called) == has_news
    assert "publish population" in called
    assert "stage a__b" not in called
