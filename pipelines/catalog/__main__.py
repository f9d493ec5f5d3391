"""``make docs``: write the documents that derive from declarations."""

from pipelines.catalog.dictionary import describe_data, describe_elements
from pipelines.settings import PROJECT, describe_settings


def main() -> None:
    """Write ``docs/settings.md``, ``docs/elements.md`` and ``docs/data-dictionary.md``."""
    for name, describe in (
        ("settings.md", describe_settings),
        ("elements.md", describe_elements),
        ("data-dictionary.md", describe_data),
    ):
        (PROJECT / "docs" / name).write_text(describe(), encoding="utf-8")


main()
