"""A steward answers by keyboard, takes one back, and reads it all on a telephone."""

import os
from pathlib import Path

import pytest
from browser import CHROMIUM, Browser
from pages_site import STRANGERS, WANGS, ZHAOS

from pipelines.warehouse import connect
from pipelines.warehouse.people.decisions import read_decisions

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("REQUIRE_CHROMIUM"),
    reason="no Chromium is installed",
)
PAGES = ("city", "steward/population", "mails", "publications/population", "batches")


@pytest.fixture(autouse=True)
def asked(site):
    site.town.ask(WANGS, ZHAOS, STRANGERS)


@pytest.fixture
def pictures(tmp_path):
    return Path(os.environ.get("PAGE_PICTURES", tmp_path))


def kept(site):
    engine = connect(site.town.settings)
    found = read_decisions(engine, "population")
    engine.dispose()
    return found


@needs_chromium
def test_questions_are_answered_and_taken_back_by_keyboard(site, pictures):
    browser = Browser("wang:admin")
    try:
        browser.open(f"{site.url}steward/population")
        assert browser.value("document.querySelectorAll('.question').length") == 3
        browser.picture(pictures / "steward.png")
        for key in ("s", "d", "u"):
            browser.press(key)
        browser.wait("document.querySelector('#state').textContent.endsWith(' 3')")
        assert not browser.value("document.querySelector('#end').hidden")
        assert [one.verdict for one in kept(site)] == ["same", "different", "cannot_tell"]
        browser.press("z")
        browser.wait("document.querySelector('#state').className === 'warn'")
        assert browser.value("document.querySelector('#end').hidden")
        assert [bool(one.revoked) for one in kept(site)] == [False, False, True]
    finally:
        browser.close()


@needs_chromium
def test_every_page_fits_a_telephone(site, pictures):
    browser = Browser("wang:admin", width=390)
    try:
        for page in PAGES:
            browser.open(f"{site.url}{page}")
            browser.picture(pictures / f"telephone-{page.replace('/', '-')}.png")
            assert browser.value("document.documentElement.scrollWidth") <= 390, page
    finally:
        browser.close()
