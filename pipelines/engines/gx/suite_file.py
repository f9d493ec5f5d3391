"""Read a suite as Great Expectations' own store writes it, and refuse what it would overlook.

GX drops an expectation that it does not understand and logs a line: a check that was meant to stop
a publication would be gone. Here it is refused.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import DeclarationRefused

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation import Expectation


def read_suite(file: Path) -> "ExpectationSuite":
    """The suite in ``file``. Every expectation has a name (``meta.name``) that is unique in it.

    Raises:
        DeclarationRefused: not JSON, an expectation that GX does not know or accept, or one
            without a severity, a name or a note.
    """
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    try:
        declared = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as wrong:
        raise DeclarationRefused(file, "", f"{wrong}.", "Write a JSON document.") from None
    expectations: list[Expectation] = []
    for position, each in enumerate(declared["expectations"]):
        _refuse_unnamed(file, position, each, {e.meta["name"] for e in expectations})
        try:
            expectations.append(ExpectationConfiguration(**each).to_domain_obj())
        except Exception as wrong:  # noqa: BLE001 - GX raises its own, pydantic's and TypeErrors
            raise DeclarationRefused(
                file, each["meta"]["name"], f"{wrong}.", "Compare with the other suites."
            ) from None
    return ExpectationSuite(**{**declared, "expectations": expectations})


def _refuse_unnamed(file: Path, position: int, each: Mapping[str, Any], taken: set[str]) -> None:
    meta = each.get("meta") or {}
    where = f"expectations[{position}]"
    for field, given in (
        ("severity", each.get("severity")),
        ("meta.name", meta.get("name")),
        ("meta.note_zh", meta.get("note_zh")),
    ):
        if not given:
            raise DeclarationRefused(
                file, f"{where}.{field}", "is missing.", "See docs/expectations.md."
            )
    if meta["name"] in taken:
        raise DeclarationRefused(
            file, f"{where}.meta.name", "is taken.", "Name each expectation by its own claim."
        )
