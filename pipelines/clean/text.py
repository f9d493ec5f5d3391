"""Free text that has no rules of its own: tidy, and NULL where it only says that there is none."""

from datetime import date

import ibis
import ibis.expr.types as ir

from pipelines.clean.characters import TEXT_STEPS, is_placeholder
from pipelines.clean.parser import Parsed, Parser, PlainForm, Scratch


def text() -> Parser:
    """The parser of ``text``: compatibility forms and white space unified, nothing else changed."""
    return Parser(TEXT_STEPS, _finish, plain=PlainForm(_is_plain))


def _is_plain(text: ir.StringValue, _as_of: date) -> ir.BooleanValue:
    """Chinese characters, digits and Latin letters only, and no word that means "nothing"."""
    return text.re_search(r"^[\x{4e00}-\x{9fa5}0-9A-Za-z]+\z") & ~is_placeholder(text)


def _finish(s: Scratch) -> Parsed:
    nothing = is_placeholder(s.text)
    value = ibis.ifelse(nothing, None, s.text.nullif(""))
    return Parsed(value, {"NO_VALUE": nothing})
