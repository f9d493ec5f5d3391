"""The pages of operations name what is there, and every alert says what to do."""

import re
from pathlib import Path

import pytest

from pipelines.orchestrate.retry_rules import LATER, NEVER, SOON

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "docs/operations"
PAGES = sorted(FOLDER.glob("*.md"))
ALERTS = (FOLDER / "alerts.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(((?!https?:)[^)#]+)\)")
# What a command line is told at once, and no task fails with in the night.
TYPED = {
    *("BadBatchId", "SettingRefused", "ContractsRefused", "DeclarationRefused", "UnknownSource"),
    *("UnknownLibrary", "RawFilesLost", "ColumnTypeChanged", "DatabaseOutdated", "WorkerDied"),
    "GateClosed",  # the root of three that have a section
}


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.+)$", ALERTS, flags=re.MULTILINE)[1:]
    return {
        name: text
        for title, text in zip(parts[::2], parts[1::2], strict=True)
        for name in title.split(" · ")
    }


def test_every_error_that_reddens_a_task_has_a_section():
    errors = {each.__name__ for each in (*NEVER, *SOON, *LATER)} - TYPED
    assert errors <= sections().keys(), "say in docs/operations/alerts.md what to do about it"


@pytest.mark.parametrize("name", sections())
def test_a_section_says_what_it_means_and_what_to_do(name):
    assert "**Means**" in sections()[name]
    assert "**Do**" in sections()[name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    gone = [link for link in LINK.findall(text) if not (FOLDER / link).exists()]
    assert not gone


def test_the_first_page_leads_to_all_others():
    linked = set(LINK.findall((FOLDER / "README.md").read_text(encoding="utf-8")))
    assert linked == {page.name for page in PAGES} - {"README.md"}
