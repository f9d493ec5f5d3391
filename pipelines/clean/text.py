"""Free text that has no rules of its own: tidy, and NULL where it only says that there is none."""

import ibis

from pipelines.clean.characters import TEXT_STEPS, is_placeholder
from pipelines.clean.parser import Parsed, Parser, Scratch


def text() -> Parser:
    """The parser of ``text``: compatibility forms and white space unified, nothing else changed."""
    return Parser(TEXT_STEPS, _finish)


def _finish(s: Scratch) -> Parsed:
    nothing = is_placeholder(s.text)
    value = ibis.ifelse(nothing, None, s.text.nullif(""))
    return Parsed(value, {"NO_VALUE": nothing})
