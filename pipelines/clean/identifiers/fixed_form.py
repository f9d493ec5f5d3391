"""Identifiers of a fixed form without a check digit: length and pattern are parameters.

For numbers that a standard defines by their parts alone, such as the real-estate unit number
(不动产单元代码, GB/T 37346-2019). A data element declares the form; see docs/libraries.md.
"""

import re
from collections.abc import Mapping
from functools import cache, partial

import ibis
import ibis.expr.types as ir

from pipelines.clean.identifiers import written_form
from pipelines.clean.parsing.parser import Parsed, Parser, Scratch

_NONE = ibis.null("string")
# What RE2 and Java's regular expressions read alike: literals, classes, groups, repetitions.
_PORTABLE = re.compile(r"[0-9A-Za-z\[\]^()|?{},\-]+|\\d", re.ASCII)


@cache
def fixed_form(pattern: str, length: int) -> Parser:
    """Parser of an identifier with ``length`` signs that fits ``pattern``.

    Args:
        pattern: Regular expression for the whole number, in capitals and without hyphens: the
            normal spelling. Literals, classes, groups and repetitions only.
        length: How many signs it has.

    Raises:
        ValueError: the pattern is none, or not one that every engine reads alike.
    """
    _refuse(pattern, length)
    rules = partial(_rules, pattern=pattern, length=length)
    return Parser(
        steps=(*written_form.STEPS, *written_form.judge(rules)),
        finish=partial(_finish, rules=rules),
    )


def _refuse(pattern: str, length: int) -> None:
    try:
        re.compile(pattern)
    except re.error as wrong:
        raise ValueError(f"the pattern is no regular expression: {wrong}") from None
    if not pattern or _PORTABLE.sub("", pattern):
        raise ValueError("the pattern has signs that not every engine reads alike")
    if isinstance(length, bool) or not 0 < length <= 64:
        raise ValueError("the length is not between 1 and 64")


def _rules(s: Scratch, pattern: str, length: int) -> Mapping[str, ir.BooleanValue]:
    other_length = s.text.length() != length
    return {
        **written_form.unreadable(s),
        "LENGTH": s.readable & other_length,
        "CHARSET": s.readable & ~other_length & ~s.text.re_search(rf"^(?:{pattern})\z"),
    }


def _finish(s: Scratch, rules: written_form.Rules) -> Parsed:
    findings = written_form.broken(s, rules)
    findings["NORMALISED"] = s.usable & s.respelled
    return Parsed(ibis.ifelse(s.usable, s.text, _NONE), findings)
