"""Which texts were read in a wrong encoding, and which of them can be repaired.

A text is repaired where every byte is still there and what it was before reads better: more of its
characters are common ones, or it begins with a usual surname where this one does not. Otherwise it
is no value: nothing is guessed.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from pipelines.clean.mojibake import patterns
from pipelines.clean.mojibake.bytes_of import COMMON, COMMON_IN_BIG5, LATIN_1, WINDOWS_1252
from pipelines.clean.mojibake.repair import (
    BIG5_OF_GBK,
    GBK_OF_LATIN1,
    UTF8_OF_GBK,
    UTF8_OF_LATIN1,
    with_candidates,
)
from pipelines.clean.surnames import SURNAMES, TRADITIONAL_SURNAMES

MOJIBAKE, REPAIRED = "MOJIBAKE", "MOJIBAKE_REPAIRED"
_NAME = 4  # characters; a longer text is judged by its shares alone
_SHARE = 4  # one character in so many is rare, at least, in a text that was Big5


def judged(texts: ir.Table) -> ir.Table:
    """Texts as they were before somebody misread them, as far as that can be told.

    Args:
        texts: ``raw``, any strings.

    Returns:
        ``delivered`` (what ``raw`` was), ``raw`` (what to parse), ``misread``: ``MOJIBAKE`` for a
        text that is no value, ``MOJIBAKE_REPAIRED`` for one that could be repaired, else NULL.
    """
    suspect = texts.filter(is_suspect(texts.raw)).select("raw")
    sound = texts.filter(~is_suspect(texts.raw)).select("raw")
    return ibis.union(
        sound.select(delivered=sound.raw, raw=sound.raw, misread=ibis.null("string")),
        judge_suspects(suspect),
    )


def judged_before(texts: ir.Table, told: ir.Table) -> ir.Table:
    """As ``judged``, with what ``judge_suspects`` has told of every suspect among the texts."""
    told = told.select(suspect="delivered", was="raw", misread="misread")
    found = texts.left_join(told, texts.raw == told.suspect)
    return found.select(
        delivered=found.raw, raw=ibis.coalesce(found.was, found.raw), misread=found.misread
    )


def is_suspect(raw: ir.StringValue) -> ir.BooleanValue:
    """Whether a text is to be judged at all; of real names and addresses one in a thousand is."""
    return raw.re_search(patterns.SUSPECT).fill_null(False)


def without_values_of_mojibake(made: ir.Table, severity_of: Mapping[str, str]) -> ir.Table:
    """What parsers made of ``judged`` texts: no value of mojibake, a warning for a repaired one.

    Args:
        made: ``raw``, ``value`` and its companions, ``broken``, ``misread``.
        severity_of: Rule code to severity.
    """
    # ``get``, for no parser has these rules: a score counts them where it judges the indicator.
    severity = ibis.cases(
        (made.misread == MOJIBAKE, severity_of.get(MOJIBAKE, "error")),
        else_=severity_of.get(REPAIRED, "warning"),
    )
    kind = made.broken.type()
    rule = ibis.array([ibis.struct({"rule": made.misread, "severity": severity})]).cast(kind)
    lost = (made.misread == MOJIBAKE).fill_null(False)
    others = ibis.coalesce(made.broken, ibis.literal([], type=kind))
    values = {
        name: ibis.ifelse(lost, None, made[name])
        for name in made.columns
        if name.startswith("value")
    }
    broken = ibis.cases(
        (made.misread.isnull(), made.broken), (lost, rule), else_=rule.concat(others)
    )
    return made.select("raw", **values, broken=broken)


def judge_suspects(suspect: ir.Table) -> ir.Table:
    """``judged`` of suspect texts; what is made here costs a hundred times as much as to ask."""
    put_back = suspect.select("raw", latin=suspect.raw.translate(WINDOWS_1252, LATIN_1))
    seen = put_back.mutate(kind=_kind(put_back.raw, put_back.latin))
    candidates = with_candidates(seen)
    weighed = candidates.mutate(better=_reads_better(candidates), lost=_is_lost(candidates))
    return weighed.select(
        delivered=weighed.raw,
        raw=ibis.ifelse(weighed.better, weighed.before, weighed.raw),
        misread=ibis.cases(
            (weighed.better, REPAIRED),
            (weighed.lost, MOJIBAKE),
            else_=ibis.null("string"),
        ),
    )


def _kind(raw: ir.StringValue, latin: ir.StringValue) -> ir.StringValue:
    """In which way a suspect text may have been misread without a loss."""
    all_or_three = zip(patterns.GBK_AS_LATIN1, patterns.GBK_SIGNS, strict=True)
    gbk = [latin.re_search(form) & latin.re_search(signs) for form, signs in all_or_three]
    return ibis.cases(
        (raw.re_search(patterns.STEP) & raw.re_search(patterns.UTF8_AS_GBK), UTF8_OF_GBK),
        (
            latin.re_search(patterns.UTF8_SIGNS) & latin.re_search(patterns.UTF8_AS_LATIN1),
            UTF8_OF_LATIN1,
        ),
        (ibis.or_(*gbk), GBK_OF_LATIN1),
        (
            raw.re_search(patterns.BIG5_AS_GBK) & (_rare(raw) * _SHARE >= _beyond_ascii(raw)),
            BIG5_OF_GBK,
        ),
        else_=ibis.null("string"),
    )


def _reads_better(seen: ir.Table) -> ir.BooleanValue:
    """Whether what it was before is a text of the language, more than what was delivered."""
    before, now = seen.before, seen.raw
    rare_before, rare_now = _rare(before), _rare(now)
    chinese = _beyond_ascii(before)
    share = ibis.ifelse(_begins(before, SURNAMES), 2, _SHARE)
    common_enough = rare_before * share <= chinese
    better = ibis.cases(
        (seen.kind == UTF8_OF_LATIN1, True),
        (seen.kind == GBK_OF_LATIN1, common_enough & ~_may_be_big5(seen.in_big5, before)),
        (seen.kind == BIG5_OF_GBK, _was_big5(before, now, chinese, rare_now)),
        else_=(rare_before < rare_now)
        | ((rare_before == rare_now) & _begins(before, SURNAMES) & ~_begins(now, SURNAMES)),
    )
    return (better & ~before.re_search(patterns.AGAIN)).fill_null(False)


def _was_big5(
    before: ir.StringValue, now: ir.StringValue, length: ir.IntegerValue, rare: ir.IntegerValue
) -> ir.BooleanValue:
    """All its characters are common ones of Big5; a name has a surname there and none here."""
    common = ~before.re_search(f"[^{COMMON_IN_BIG5}]")
    name = _begins(before, TRADITIONAL_SURNAMES) & ~_begins(now, SURNAMES) & (rare * 2 >= length)
    return common & ibis.ifelse(length <= _NAME, name, rare * _SHARE >= length)


def _may_be_big5(in_big5: ir.StringValue, in_gbk: ir.StringValue) -> ir.BooleanValue:
    """Whether bytes read as well in Big5: with common characters, and with the only surname."""
    common = ~in_big5.re_search(f"[^{COMMON_IN_BIG5}]")
    return common & _begins(in_big5, TRADITIONAL_SURNAMES) & ~_begins(in_gbk, SURNAMES)


def _is_lost(seen: ir.Table) -> ir.BooleanValue:
    """Whether a suspect text was misread beyond doubt; asked of what cannot be repaired."""
    raw, latin = seen.raw, seen.latin
    chinese = _beyond_ascii(raw)
    big5 = raw.re_search(patterns.TWO_OF_BIG5) & raw.re_search(patterns.LOSS)
    return ibis.or_(
        (seen.kind == GBK_OF_LATIN1).fill_null(False),
        big5 & (_rare(raw) * 2 >= chinese),
        raw.re_search(patterns.THREE_BEGIN) & raw.re_search(patterns.SUCH_ONLY),
        raw.re_search(patterns.THREE_AND_A_GAP)
        & raw.re_search(patterns.LOSS)
        & raw.re_search(patterns.SUCH_ONLY)
        & (_rare(raw) * 2 >= chinese),
        raw.re_search(patterns.WORDS),
        raw.re_search(patterns.A_LONG_WALK),
        raw.re_search(patterns.TWO_STEPS) & raw.re_search(patterns.UTF8_AS_GBK),
        raw.re_search(patterns.TWO_BEGIN) & raw.re_search(patterns.UTF8_AS_GBK_WITH_LOSS),
        latin.re_search(patterns.UTF8_AS_LATIN1_WITH_LOSS),
        latin.re_search(patterns.GBK_AS_LATIN1_WITH_LOSS),
    )


def _rare(text: ir.StringValue) -> ir.IntegerValue:
    """How many characters are none of the 3,755 common ones."""
    return text.re_replace(f"[{COMMON}]+", "").length()


def _beyond_ascii(text: ir.StringValue) -> ir.IntegerValue:
    return text.re_replace(r"[\x{0}-\x{7f}]+", "").length()


def _begins(text: ir.StringValue, surnames: str) -> ir.BooleanValue:
    return text.re_search(f"^[{surnames}]")
