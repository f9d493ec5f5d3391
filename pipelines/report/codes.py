"""Codes as people read them: a code with its name beside it, and the codes that may be written."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from pipelines.quality.suggested import names_of_codes
from pipelines.report.words import vocabulary
from pipelines.standards.elements import load_elements
from pipelines.standards.rules import Language

MOST_CODES: Final = 12  # a longer list is no answer that fits into a cell
_FIRST: Final = 5  # that stand for a longer one


def code_names(element: str | None) -> Mapping[str, str]:
    """The codes of an element with their names; none where they are no list that can be read."""
    known = load_elements().get(element or "")
    return names_of_codes(known.code_table) if known and known.code_table else {}


def named_code(value: str, element: str | None, language: Language = "zh") -> str:
    """A code with its name (``2 女性``); what is no code of the element, as it is.

    The names are Chinese, so an English text has the code alone.
    """
    name = code_names(element).get(value.strip(), "") if language == "zh" else ""
    return f"{value} {name}" if name else value


@cache
def allowed_codes(element: str | None, language: Language) -> str:
    """The codes that may be written in a column; of a longer list the first. "" where none can."""
    names, w = code_names(element), vocabulary(language).words
    shown = [_shown(code, name, language) for code, name in names.items()]
    if len(shown) <= MOST_CODES:
        return w["and"].join(shown)
    return w["codes_begin"].format(codes=w["and"].join(shown[:_FIRST]), number=len(shown))


@cache
def all_codes(element: str | None, language: Language) -> str:
    """Every code that may be written, where that is more than a cell holds; else ""."""
    names = code_names(element)
    if len(names) <= MOST_CODES:
        return ""
    shown = [_shown(code, name, language) for code, name in names.items()]
    return vocabulary(language).words["and"].join(shown)


def _shown(code: str, name: str, language: Language) -> str:
    return code if language == "en" else f"{code} {name}"
