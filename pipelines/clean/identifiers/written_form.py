"""How a number was written: width, case, white space, hyphens; and what is no number at all.

``STEPS`` begin every identifier's parser. Afterwards:

* ``s.text``: the number in its normal spelling; NULL if the field is empty.
* ``s.unspaced``: the same before hyphens were taken out, upper case.
* ``s.placeholder``, ``s.masked``, ``s.scientific``: it says "none", has stars in it, or went
  through a spreadsheet as a number.
* ``s.readable``: none of these. Only then are the rules of the identifier asked.

* ``s.respelled``: the delivered text differs from ``s.text`` by more than blanks at its ends.

Digits and letters are never repaired here.
"""

from collections.abc import Callable, Mapping

import ibis
import ibis.expr.types as ir

from pipelines.clean.characters import is_placeholder, nfkc, remove_spaces, upper
from pipelines.clean.parsing.parser import Derive, Scratch
from pipelines.standards.rules import severities

Rules = Callable[[Scratch], Mapping[str, ir.BooleanValue]]
Compute = Callable[[Scratch], Mapping[str, ir.Value]]

# RE2 and Java have different names for the script, so it is written out.
HAN = r"[\x{3400}-\x{9fff}\x{f900}-\x{faff}\x{20000}-\x{3ffff}]"

# The common row is only asked whether it is one: no conversion then.
_PLAIN = r"^[0-9A-Z]{9,18}\z"
# Hyphens of every kind, and what spreadsheets put around text: ' " = and the backquote.
_NOISE = "[-‐‑‒–—―−'\"‘’“”`=]+"
_HYPHENS = "[-‐‑‒–—―−]+"
# Five: an organisation code may hold three or four X by chance.
_MASK = r"[*●•▇■□]|X{5,}"
_SCIENTIFIC = r"^[0-9](\.[0-9]+)?E\+?[0-9]{1,3}\z"
# A whole number that was kept as a floating-point one.
_DECIMAL = r"^[0-9]{9,18}\.0+\z"
_MADE_UP = (
    "123456789012345678",
    "123456789012345",
    "12345678901234567X",
    "123456789",
    "987654321098765432",
)


def _normal(s: Scratch) -> Mapping[str, ir.Value]:
    plain = s.raw.re_search(_PLAIN)
    return {"plain": plain, "normal": ibis.ifelse(plain, s.raw, nfkc(s.raw))}


def _unspaced(s: Scratch) -> Mapping[str, ir.Value]:
    return {"packed": ibis.ifelse(s.plain, s.normal, remove_spaces(s.normal))}


def _text(s: Scratch) -> Mapping[str, ir.Value]:
    cleaned = upper(s.packed).re_replace(_NOISE, "").re_replace(r"\.0+\z", "")
    # What consists of signs only, such as "--", stays to be recognised as a placeholder.
    text = ibis.ifelse(cleaned == "", s.packed, cleaned)
    unspaced = upper(s.packed).re_replace("['\"‘’“”`=]+", "").re_replace(_HYPHENS, "-")
    return {
        "text": ibis.ifelse(s.plain, s.packed, text).nullif(""),
        "unspaced": ibis.ifelse(s.plain, s.packed, unspaced).nullif(""),
        "decimal": ~s.plain & s.packed.re_search(_DECIMAL),
    }


def _kind(s: Scratch) -> Mapping[str, ir.Value]:
    # 11 is a region and C an industry; nothing of five like signs is anything.
    repeated = s.text.substr(1) == s.text.left(s.text.length() - 1)
    one_sign = repeated & ((s.text.length() >= 5) | (s.text.left(1) == "0"))
    word = ~s.plain & is_placeholder(s.packed)
    return {
        "placeholder": one_sign | s.text.isin(_MADE_UP) | word,
        "masked": s.text.contains("XXXXX") | (~s.plain & s.text.re_search(_MASK)),
        "scientific": ~s.plain & s.text.re_search(_SCIENTIFIC),
    }


def _readable(s: Scratch) -> Mapping[str, ir.Value]:
    masked = s.masked & ~s.placeholder
    unreadable = s.placeholder | s.masked | s.scientific
    return {
        "masked": masked,
        "readable": s.text.notnull() & ~unreadable,
        "respelled": ~s.plain & (s.raw.strip() != s.text),
    }


STEPS = (Derive(_normal), Derive(_unspaced), Derive(_text), Derive(_kind), Derive(_readable))


def unreadable(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    """Findings of a field that holds no number."""
    return {"PLACEHOLDER": s.placeholder, "MASKED": s.masked, "SCI_NOTATION": s.scientific}


def judge(rules: Rules) -> tuple[Derive, Derive]:
    """Steps that ask every rule once; afterwards ``s.usable`` is False where an error was found.

    ``broken(s, rules)`` gives the conditions back.
    """
    severity = severities()

    def ask(s: Scratch) -> Mapping[str, ir.Value]:
        return {f"rule_{code}": holds.fill_null(False) for code, holds in rules(s).items()}

    def weigh(s: Scratch) -> Mapping[str, ir.Value]:
        holds = broken(s, rules)
        errors = [condition for code, condition in holds.items() if severity[code] == "error"]
        return {"usable": s.text.notnull() & ~ibis.or_(*errors)}

    return Derive(ask), Derive(weigh)


def broken(s: Scratch, rules: Rules) -> dict[str, ir.BooleanValue]:
    """The conditions that ``judge`` computed, by rule code."""
    return {code: getattr(s, f"rule_{code}") for code in rules(s)}
