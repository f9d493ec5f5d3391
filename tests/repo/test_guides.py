"""The guides for whoever carries on name files that are there."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
GUIDES = ("CONTRIBUTING.md", "docs/architecture.md", "README.md", "README.zh-CN.md")
TOPS = "pipelines|tests|sql|plugins|dags|benchmarks|docs|expectations|sources|grants"
IN_TICKS = re.compile(rf"`((?:{TOPS})/[\w./*-]+)`")
ROOM_FILE = re.compile(rf"`(?!(?:{TOPS})/)((?:\w+/)*\w+\.py)`")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)…?`")
LINKS = re.compile(r"\]\(((?!https?:)[^)#]+)\)")


def missing(guide: str, text: str) -> list[str]:
    paths = [PROJECT / path for path in IN_TICKS.findall(text)]
    if guide == "docs/architecture.md":
        paths += [PROJECT / "pipelines" / path for path in ROOM_FILE.findall(text)]
    paths += [(PROJECT / guide).parent / link for link in LINKS.findall(text)]
    return [str(path.relative_to(PROJECT)) for path in paths if not _is_there(path)]


def _is_there(path: Path) -> bool:
    relative = str(path.resolve().relative_to(PROJECT))
    return any(PROJECT.glob(relative)) if "*" in relative else path.exists()


@pytest.mark.parametrize("guide", GUIDES)
def test_what_a_guide_names_is_there(guide):
    text = (PROJECT / guide).read_text(encoding="utf-8")
    assert missing(guide, text) == [], f"{guide} names what is not there: follow the move"


def test_a_file_that_is_gone_is_noticed():
    text = "`pipelines/identity/gone.py` `stage/gone.py` [x](adr/gone.md) `tests/unit/**/gone.py`"
    assert len(missing("docs/architecture.md", text)) == 4


def unwritten_tests(text: str) -> list[str]:
    """Tests that a document names and nobody has written; the end of a name may be left out."""
    return [f"{file}::{name}" for file, name in NAMED_TEST.findall(text) if not _has(file, name)]


def _has(file: str, name: str) -> bool:
    path = PROJECT / file
    return path.exists() and f"\ndef {name}" in path.read_text(encoding="utf-8")


def test_every_guarantee_names_tests_that_there_are():
    text = (PROJECT / "docs/robustness.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    assert [row for row in rows if not NAMED_TEST.search(row)] == []
    assert unwritten_tests(text) == [], "follow the move"


def test_a_test_that_is_gone_is_noticed():
    here = "tests/repo/test_guides.py"
    named = f"`{here}::test_a_test_that…` `{here}::test_nothing…` `tests/repo/test_gone.py::test_x`"
    assert unwritten_tests(named) == [f"{here}::test_nothing", "tests/repo/test_gone.py::test_x"]


def test_every_decision_that_holds_stands_beside_its_room():
    text = (PROJECT / "docs/architecture.md").read_text(encoding="utf-8")
    records = (PROJECT / "docs/adr").glob("[0-9]*.md")
    holding = [each for each in records if "Superseded by" not in each.read_text(encoding="utf-8")]
    assert len(holding) > 20
    unnamed = [each.name for each in holding if f"adr/{each.name}" not in text]
    assert unnamed == [], "name it in docs/architecture.md, in the line of its room"
