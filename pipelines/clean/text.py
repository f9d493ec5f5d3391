"""Free text that has no rules of its own: tidy, and NULL where it only says that there is none."""

from datetime import date
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.characters import TEXT_STEPS, is_placeholder
from pipelines.clean.mojibake import is_suspect
from pipelines.clean.parsing.parser import Parsed, Parser, PlainForm, Scratch

_LOST = r"[\x{fffd}\x{e000}-\x{f8ff}\x{f0000}-\x{10ffff}]"


@cache
def text() -> Parser:
    """The parser of ``text``: compatibility forms and blanks unified, lost characters marked."""
    return Parser(TEXT_STEPS, _finish, plain=PlainForm(_is_plain), words=True)


def _is_plain(text: ir.StringValue, _as_of: date) -> ir.BooleanValue:
    """Chinese characters, digits, Latin letters; no word that means "nothing"; no mojibake."""
    usual = text.re_search(r"^[\x{4e00}-\x{9fa5}0-9A-Za-z]+\z") & ~is_placeholder(text)
    return usual & ~is_suspect(text)


def _finish(s: Scratch) -> Parsed:
    nothing = is_placeholder(s.text)
    # A question mark may be meant in free text; these are what others made of a lost character.
    kept = s.text.re_replace(_LOST, "?")
    value = ibis.ifelse(nothing, None, kept.nullif(""))
    return Parsed(value, {"NO_VALUE": nothing, "LOST_CHARACTER": ~nothing & (kept != s.text)})
