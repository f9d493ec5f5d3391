"""Documents that are derived from declarations say what the declarations say today."""

from pathlib import Path

import pytest

from pipelines.catalog.dictionary import (
    describe_companions,
    describe_data,
    describe_element_rules,
    describe_elements,
)
from pipelines.settings import describe_settings
from pipelines.standards.elements import COMPANIONS_FILE
from pipelines.standards.rules import ELEMENT_RULES_FILE

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "describe"),
    [
        (DOCS / "settings.md", describe_settings),
        (DOCS / "data-dictionary.md", describe_data),
        (DOCS / "elements.md", describe_elements),
        (ELEMENT_RULES_FILE, describe_element_rules),
        (COMPANIONS_FILE, describe_companions),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_document_is_current(name, describe):
    assert name.read_text(encoding="utf-8") == describe(), "run `make docs` and commit"
