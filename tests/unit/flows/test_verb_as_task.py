"""A task of Airflow ends like a command: with a sentence, and not before its folders were seen."""

import errno
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import pytest

from pipelines import flows
from pipelines.contracts.source import Source
from pipelines.errors import GateClosed, QualityGateFailed, SystemFault, UnexpectedError
from pipelines.flows.task import run_verb
from pipelines.settings import Settings, load_settings

SOURCE = cast(Source, SimpleNamespace(name="health__records"))
NAME, NUMBER = "张三丰", "11010519491231002X"


@dataclass
class Done:
    subject: str
    rows: int


@pytest.fixture
def settings(tmp_path) -> Settings:
    return load_settings(home=tmp_path / "home")


def verb_that_raises(monkeypatch, name, error):
    def verb(*_about):
        raise error

    monkeypatch.setattr(flows, name, verb)


def test_a_task_answers_with_what_its_verb_says(monkeypatch, settings):
    monkeypatch.setattr(flows, "stage", lambda *about: Done(about[1].name, len(about)))
    assert run_verb("stage", settings, SOURCE, "20260630") == Done("health__records", 3)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/lake/x.parquet"), SystemFault),
        (MemoryError(), SystemFault),
        (ValueError(f"{NAME} has {NUMBER}"), UnexpectedError),
        (KeyError(NUMBER), UnexpectedError),
    ],
)
def test_what_is_not_the_projects_error_is_a_sentence_without_values(
    monkeypatch, settings, error, kind
):
    verb_that_raises(monkeypatch, "stage", error)
    with pytest.raises(kind) as raised:
        run_verb("stage", settings, SOURCE, "20260630")
    told = raised.value
    assert told.__suppress_context__  # Airflow writes causes into its log, with their values
    assert told.__cause__ is None
    assert "health__records, batch 20260630, stage" in str(told)
    assert told.log is not None
    assert told.log.parent == settings.home / "logs" / "errors"
    for text in (str(told), told.log.read_text()):
        assert NAME not in text
        assert NUMBER not in text


def test_an_error_of_the_project_stays_as_it_is(monkeypatch, settings):
    closed = QualityGateFailed("staged.health__records", [])
    verb_that_raises(monkeypatch, "check", closed)
    with pytest.raises(GateClosed) as raised:
        run_verb("check", settings, SOURCE, "20260630")
    assert raised.value is closed


@pytest.mark.parametrize(("verb", "begins"), [("land", True), ("resolve", True), ("stage", False)])
def test_folders_are_looked_at_before_a_run_begins(monkeypatch, settings, verb, begins):
    called = []
    monkeypatch.setattr(flows, verb, lambda *_about: called.append(verb) or Done("x", 1))
    settings.home.mkdir(parents=True)
    (settings.home / "landing").touch()  # for root, too, no folder can be made there
    if begins:
        with pytest.raises(SystemFault, match="landing cannot be written"):
            run_verb(verb, settings, SOURCE, "20260630")
    else:
        run_verb(verb, settings, SOURCE, "20260630")
    assert called == ([] if begins else [verb])
