"""Documents that are derived from declarations say what the declarations say today."""

from pathlib import Path

import pytest

from pipelines.catalog.dictionary import describe_data, describe_elements
from pipelines.settings import describe_settings

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "describe"),
    [
        ("settings.md", describe_settings),
        ("elements.md", describe_elements),
        ("data-dictionary.md", describe_data),
    ],
)
def test_document_is_current(name, describe):
    assert (DOCS / name).read_text(encoding="utf-8") == describe(), "run `make docs` and commit"
