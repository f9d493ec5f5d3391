"""``make docs``: write the documents that derive from declarations."""

from pipelines.catalog.dictionary import (
    describe_companions,
    describe_data,
    describe_element_rules,
    describe_elements,
)
from pipelines.settings import PROJECT, describe_settings
from pipelines.standards.elements import COMPANIONS_FILE
from pipelines.standards.rules import ELEMENT_RULES_FILE


def main() -> None:
    """Write settings, data dictionary, and which rules belong to which element."""
    for file, describe in (
        (PROJECT / "docs" / "settings.md", describe_settings),
        (PROJECT / "docs" / "data-dictionary.md", describe_data),
        (PROJECT / "docs" / "elements.md", describe_elements),
        (ELEMENT_RULES_FILE, describe_element_rules),
        (COMPANIONS_FILE, describe_companions),
    ):
        file.write_text(describe(), encoding="utf-8")


main()
