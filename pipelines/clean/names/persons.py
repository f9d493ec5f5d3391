"""Names of persons: one spelling for each, remarks and second scripts set apart, damage found.

The clean value of a Chinese name has no spaces, and ``·`` (U+00B7) between the parts of a
transliterated one; a Latin name has single blanks. A character that was lost on the way stands in
the value as ``?``, so that matching can still compare the others.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.characters import PLACEHOLDERS, TEXT_STEPS, is_placeholder, upper
from pipelines.clean.mojibake import is_suspect
from pipelines.clean.names.forms_of_address import FORM_OF_ADDRESS, TITLES
from pipelines.clean.names.variants import VARIANTS, unify_variants
from pipelines.clean.parsing.parser import Derive, Parsed, Parser, PlainForm, Scratch
from pipelines.clean.surnames import SURNAMES

HAN = r"\x{3005}\x{3007}\x{3400}-\x{4dbf}\x{4e00}-\x{9fff}\x{fa0e}-\x{fa29}\x{20000}-\x{3ffff}"
LATIN = r"A-Za-z\x{c0}-\x{24f}\x{1e00}-\x{1eff}"
# The user-defined and private areas hold characters that only the sender's fonts know; □ and its
# kin, U+FFFD and ? are what others made of a character that they did not have.
LOST = r"[?_\x{fffd}\x{e000}-\x{f8ff}\x{f0000}-\x{10ffff}□■▯▢◻◼]"

_BULLETS = "•‧∙・●⋅ㆍ⸱⚫˙⦁∘᛫⸳ꞏ"
_DASHES = "‐‑‒–—―─━−⁃"
_QUOTES = "’‘ʼʻ′´"
_OPENING, _CLOSING = "[{【〔〈《「『〖", "]}】〕〉》」』〗"
_FROM = _BULLETS + _DASHES + _QUOTES + _OPENING + _CLOSING
_TO = (
    "·" * len(_BULLETS)
    + "-" * len(_DASHES)
    + "'" * len(_QUOTES)
    + "(" * len(_OPENING)
    + ")" * len(_CLOSING)
)
_ODD = "[" + "".join(f"\\x{{{ord(c):x}}}" for c in _FROM) + "]|" + LOST

# Enough to tell 张三和李四 (two people) from 马和买提 (one).
_PERSON = f"[{SURNAMES}][{HAN}]{{1,2}}"
_SEPARATOR = "[、,;/&|+]"

_TITLE = f"(?:{TITLES})$"
_LABEL = "(?:中文名|英文名|中文|英文|译名|姓名|名字|护照名|法定代表人|负责人)? ?: ?"
_DELEGATE = "(?:委派|委托|授权|指定)代表:? ?"
_ORGANIZATION = (
    "(?:公司|集团|合伙企业|合作社|委员会|事务所|研究[院所]|管理局|经营部|协会|学校|医院|中心|厂)"
)
_NOBODY = (
    "^(?:无名氏?|某人|新生儿?|婴儿|男婴|女婴|未取名|未命名|待取名|佚名|匿名)$|之[子女婴]$|测试"
)
_MASKED = f"[*＊×✕○〇◯]|某|^[{HAN}]{{1,2}}[xX]{{1,2}}$"


@cache
def person_name() -> Parser:
    """The parser of ``person_name``.

    Companions: ``key`` for matching (no dots or blanks, upper case, traditional and variant
    characters as their common forms), ``other`` (the name in the other script, or the remark that
    stood in brackets; of what is only a part of a name, as 王先生 or 王*强, that part).
    """
    steps = (
        *TEXT_STEPS,
        Derive(lambda s: {"marked": _unify_marks(s.text)}),
        Derive(_take_apart),
        Derive(_choose),
        Derive(lambda s: {"name": _spell(s.chosen)}),
        Derive(_judge),
    )
    plain = PlainForm(_is_plain, companions=lambda text: {"key": text})
    return Parser(steps, _finish, "string", {"key": "string", "other": "string"}, plain, words=True)


def _is_plain(text: ir.StringValue, _as_of: date) -> ir.BooleanValue:
    """Two to four Chinese characters, no variants, of which none says that it is no name."""
    odd = f"[某等{VARIANTS}]|{_NOBODY}|{_TITLE}|{FORM_OF_ADDRESS}"
    usual = text.re_search(r"^[\x{4e00}-\x{9fa5}]{2,4}\z") & ~text.re_search(odd)
    return usual & ~text.isin(PLACEHOLDERS) & ~is_suspect(text)


def _unify_marks(s: ir.StringValue) -> ir.StringValue:
    unified = s.translate(_FROM, _TO).re_replace(LOST, "?")
    return ibis.ifelse(s.re_search(_ODD), unified, s)


def _take_apart(s: Scratch) -> Mapping[str, ir.Value]:
    """Labels off; what stands before and what stands within the first brackets."""
    marked = ibis.ifelse(s.marked.contains(":"), s.marked.re_replace(_LABEL, " "), s.marked)
    delegate = s.marked.re_extract(f"{_DELEGATE}([^()]+)", 1)
    return {
        "delegate": delegate,
        "head": marked.re_extract(r"^([^()]*)", 1).strip(),
        "inside": marked.re_extract(r"\(([^()]*)", 1).strip(),
        "first": marked.re_extract(f"^([^、,;/&|+]+){_SEPARATOR}", 1).strip(),
        "rest": marked.re_replace(f"^[^、,;/&|+]+{_SEPARATOR}", "").strip(),
    }


def _choose(s: Scratch) -> Mapping[str, ir.Value]:
    """Which part is the name: the Chinese one, if there are two scripts."""
    han, latin = f"[{HAN}]", f"[{LATIN}]{{2}}"
    han_part = s.head.re_extract(f"[{HAN}?][{HAN}?·. ]*[{HAN}?]", 0)
    latin_part = s.head.re_extract(f"[{LATIN}][{LATIN} .,'-]*[{LATIN}.]", 0)
    repeated = (s.first != "") & (s.first == s.rest)
    outside = s.head.re_search(latin) & ~s.head.re_search(han) & s.inside.re_search(han)
    mixed = s.head.re_search(latin) & (han_part != "")
    chosen = ibis.cases(
        (s.delegate != "", s.delegate),
        (repeated, s.first),
        (s.head == "", s.inside),
        (outside, s.inside),
        (mixed, han_part),
        else_=s.head,
    )
    other = ibis.cases(
        ((s.delegate != "") | repeated | (s.head == ""), ""),
        (outside, s.head),
        (mixed, latin_part),
        else_=s.inside,
    )
    return {"chosen": chosen, "other": other.nullif(""), "repeated": repeated}


def _spell(s: ir.StringValue) -> ir.StringValue:
    """One spelling: ``·`` for every stop of a Chinese name, no blanks, no junk at the ends."""
    chinese = s.re_replace("[ 　]", "").re_replace("[.。·]+", "·").re_replace("[`\"']", "")
    latin = s.re_replace(" ?· ?", "·").re_replace('[`"]', "")
    name = ibis.ifelse(s.re_search(f"[{LATIN}]"), latin, chinese)
    ends = name.re_replace(r"^[-·,、;:' ]+|[-·,、;:' ]+$", "")
    odd = s.re_search(f"[^{HAN}]")
    spelled = ibis.ifelse(odd, ends, s)
    titled = (spelled.length() >= 4) & ~spelled.re_search(FORM_OF_ADDRESS)
    return ibis.ifelse(titled, spelled.re_replace(_TITLE, ""), spelled)


def _judge(s: Scratch) -> Mapping[str, ir.Value]:
    two = ibis.or_(
        s.marked.re_search(f"[{HAN})] ?{_SEPARATOR} ?[{HAN}]"),
        s.marked.re_search(f"^{_PERSON}(?: |[和与及]){_PERSON}$"),
        s.marked.re_search(f"[{HAN}]{{3}}等$|等[0-9一二三四五六七八九十]+[人位户]?"),
    )
    placeholder = is_placeholder(s.text) | s.name.re_search(_NOBODY)
    given = (s.text != "") & ~placeholder
    organization = (s.delegate == "") & (s.name.length() >= 5) & s.name.re_search(_ORGANIZATION)
    letters = rf"^[\p{{L}}\p{{M}}{HAN}?·'., -]*$"
    conditions = {
        "PLACEHOLDER": placeholder,
        "MASKED": given & s.name.re_search(_MASKED),
        "TWO_PEOPLE": given & two & ~s.repeated,
        "ORGANIZATION_IN_PERSON_NAME": given & organization,
        "DIGIT_IN_NAME": given & s.name.re_search("[0-9]"),
        "NAME_CHARSET": given & ~s.name.re_replace("[0-9*＊×✕○◯、;/&|+]", "").re_search(letters),
        "NAME_TOO_SHORT": given & _too_short(s.name),
        "NAME_TOO_LONG": given & _too_long(s.name),
    }
    return {"usable": given & ~ibis.or_(*conditions.values()), **conditions}


def _too_short(name: ir.StringValue) -> ir.BooleanValue:
    """Fewer than two characters, or a surname with a form of address."""
    return (name.length() < 2) | name.re_search(FORM_OF_ADDRESS)


def _too_long(name: ir.StringValue) -> ir.BooleanValue:
    """Longer than the standard's 100 characters, or 16 Chinese ones without any separator."""
    return (name.length() > 100) | name.re_search(f"^[{HAN}]{{16}}")


_ERRORS = (
    *("PLACEHOLDER", "MASKED", "TWO_PEOPLE", "ORGANIZATION_IN_PERSON_NAME"),
    *("DIGIT_IN_NAME", "NAME_CHARSET", "NAME_TOO_SHORT", "NAME_TOO_LONG"),
)


def _finish(s: Scratch) -> Parsed:
    latin = s.name.re_search(f"[{LATIN}]") & ~s.name.re_search(f"[{HAN}]")
    scripts = s.name.re_search(f"[{HAN}]") & s.other.re_search(f"[{LATIN}]{{2}}")
    titled = (s.delegate != "") | s.chosen.re_search(f"[{HAN}]{{2}}{_TITLE}")
    value = ibis.ifelse(s.usable, s.name, None)
    notes = {
        "LOST_CHARACTER": s.name.contains("?"),
        "NAME_REMARK": (s.other.notnull() & ~scripts & ~_swapped(s)) | titled,
        "NAME_TWO_SCRIPTS": scripts | _swapped(s),
        "NAME_LATIN": latin,
        "NORMALISED": (s.name != s.raw) & s.other.isnull() & ~titled & ~s.name.contains("?"),
    }
    errors = {rule: getattr(s, rule) for rule in _ERRORS}
    return Parsed(
        value,
        errors | {rule: s.usable & broken for rule, broken in notes.items()},
        {
            "key": ibis.ifelse(s.usable, _key(s.name), None),
            "other": ibis.cases((s.usable, s.other), (_is_part(s), s.name), else_=None),
        },
    )


def _is_part(s: Scratch) -> ir.BooleanValue:
    """A form of address, or a masked name, and nothing worse."""
    worse = [getattr(s, rule) for rule in _ERRORS if rule not in ("MASKED", "NAME_TOO_SHORT")]
    part = s.MASKED | s.name.re_search(FORM_OF_ADDRESS)
    return part & ~ibis.or_(*worse) & (s.name.length() >= 2)


def _swapped(s: Scratch) -> ir.BooleanValue:
    """The Latin name is the value and the Chinese one stood in brackets, or the reverse."""
    return s.name.re_search(f"[{LATIN}]{{2}}") & s.other.re_search(f"[{HAN}]{{2}}")


def _key(name: ir.StringValue) -> ir.StringValue:
    return unify_variants(upper(name.re_replace("[· .,'-]", "")))
