"""Citizen identity number (公民身份号码, GB 11643-1999) and the numbers that stand in its place.

18 digits; the older 15, which are upgraded; residence permits of people from Hong Kong, Macao and
Taiwan; foreign permanent residents, 18 or 15 characters. All findings of a number are reported, not
only the first.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.identifiers import check_digits, written_form
from pipelines.clean.parsing.parser import Derive, Lookup, Parsed, Parser, PlainForm, Scratch, Step
from pipelines.clean.parsing.plain import (
    abolished_on,
    month_and_day,
    regions_hold_until,
    regions_in_force,
    years,
)
from pipelines.standards.code_tables import (
    REGION_SCHEMA,
    load_code_table,
    load_regions,
    provinces,
)

COMPANIONS = {
    "type": "string",
    "birth_date": "date",
    "sex_code": "string",
    "damaged": "string",
}

_NONE = ibis.null("string")
_18 = r"^[0-9]{17}[0-9X]\z"
_15 = r"^[0-9]{15}\z"
_DAMAGED = (
    r"^[0-9]{16,18}[0-9X]?\z"  # one digit too many or too few is damage, two are another thing
)
# Letters that are read and typed for digits: 6401Z1... is 640121... with one sign wrong.
_LETTERS, _LIKE_DIGITS = "OQILZBS", "0011285"
_MASKED = r"^([0-9]{4,14})[*●•▇■□X]{4,12}([0-9]{2,5}[0-9X])\z"  # 110105********0011
_FOREIGN_15 = r"^[A-Z]{3}[0-9]{12}\z"
# Cyrillic and Greek letters and signs that look like the check character.
_LOOKALIKES = "ХΧ×✕✖╳"
_PERMITS = ("810000", "820000", "830000")  # Hong Kong, Macao, Taiwan: in this order
_OLDEST = 1840  # nobody born before is in any register
_OLDEST_AGE = 120
_PLAIN_YEARS = 100  # older people are few enough for the parser
# Sequence codes of 15-digit numbers for people who were 100 or older: born 18yy, not 19yy.
_CENTENARIANS = ("996", "997", "998", "999")


@cache
def citizen_id() -> Parser:
    """Parser of ``citizen_id``; companions ``type``, ``birth_date``, ``sex_code``, ``damaged``.

    ``type`` is resident, resident_15_digits, hk_macao_taiwan_resident, foreign_resident_18 or
    foreign_resident_15. The companions are taken from the number and are NULL where it is unusable,
    but ``damaged``: what is left of a number that fails its rules, for matching to compare with;
    of one that was masked, its ends with stars between them.
    """
    steps = (*written_form.STEPS, *citizen_steps(), *written_form.judge(_rules))
    plain = PlainForm(_is_plain, companions=_plain_companions, until=_plain_holds_until)
    return Parser(steps, _finish, companions=COMPANIONS, plain=plain, due=citizen_due)


def _is_plain(text: ir.StringValue, as_of: date) -> ir.BooleanValue:
    """18 digits of a county in force, a birth in the last hundred years, and the right sign."""
    birth = years(as_of.year - _PLAIN_YEARS, as_of.year - 1) + month_and_day()
    sequence = "(?:00[1-9]|0[1-9][0-9]|[1-9][0-9]{2})"
    county = regions_in_force(as_of.year, counties_only=True)
    form = text.re_search(rf"^{county}{birth}{sequence}[0-9X]\z")
    return form & check_digits.is_right_mod_11_2(text)


def _plain_holds_until(as_of: date) -> date:
    """Nobody who is plain grows implausibly old before, and no county is abolished."""
    old = date(as_of.year + _OLDEST_AGE - _PLAIN_YEARS, 1, 1)
    return min(old, regions_hold_until(as_of) or old)


def citizen_due(s: Scratch) -> ir.DateValue:
    """The first later date of the data on which a number may be judged otherwise; NULL for never.

    Who is not born yet is born; who was born grows too old (29 February: a day early); a century
    that was ahead is past; a region is abolished.
    """
    too_old = (s.birth + ibis.interval(years=_OLDEST_AGE + 1)).cast("date")
    recent = _iso_date(ibis.literal("20") + s.number.substr(7, 2), s.number.substr(9, 4))
    days = (
        s.birth,
        too_old,
        ibis.ifelse(s.is_foreign_15, recent.try_cast("date"), ibis.null("date")),
        abolished_on(s.region_last_year, s.as_of_date),
    )
    ahead = [ibis.ifelse(day > s.as_of, day, ibis.null("date")) for day in days]
    return ibis.least(*ahead)


def _plain_companions(text: ir.StringValue) -> Mapping[str, ir.Value]:
    return {
        "type": ibis.literal("resident"),
        "birth_date": _iso_date(text.substr(6, 4), text.substr(10, 4)).try_cast("date"),
        "sex_code": ibis.ifelse(text.substr(16, 1).isin(list("13579")), "1", "2"),
    }


def _number(s: Scratch) -> Mapping[str, ir.Value]:
    lookalike = s.readable & ~s.plain & s.text.re_search(f"[{_LOOKALIKES}]")
    number = ibis.ifelse(lookalike, s.text.translate(_LOOKALIKES, "X" * len(_LOOKALIKES)), s.text)
    return {"lookalike": lookalike, "number": ibis.ifelse(s.readable, number, _NONE)}


def _shape(s: Scratch) -> Mapping[str, ir.Value]:
    length = s.number.length()
    is_15 = ibis.ifelse(length == 15, s.number.re_search(_15), False)
    return {
        "is_18": ibis.ifelse(length == 18, s.number.re_search(_18), False).fill_null(False),
        "is_15": is_15.fill_null(False),
        "is_foreign_15": ibis.ifelse(
            length == 15, s.number.re_search(_FOREIGN_15), False
        ).fill_null(False),
    }


def _parts(s: Scratch) -> Mapping[str, ir.Value]:
    n = s.number
    foreign_18 = s.is_18 & (n.substr(0, 1) == "9")
    resident = s.is_15 | (s.is_18 & ~foreign_18)
    upgraded = n.substr(0, 6) + "19" + n.substr(6, 9)
    return {
        "foreign_18": foreign_18,
        "resident": resident,
        "first17": ibis.cases((s.is_18, n.substr(0, 17)), (s.is_15, upgraded), else_=_NONE),
        "region": ibis.ifelse(resident, n.substr(0, 6), _NONE),
        "province": ibis.cases(
            (resident, n.substr(0, 2)), (foreign_18, n.substr(1, 2)), else_=_NONE
        ),
        "country": ibis.cases(
            (foreign_18, n.substr(3, 3)), (s.is_foreign_15, n.substr(0, 3)), else_=_NONE
        ),
    }


def _digits(s: Scratch) -> Mapping[str, ir.Value]:
    return {
        "digits17": s.first17.try_cast("int64"),
        "birth_text": _iso_date(s.first17.substr(6, 4), s.first17.substr(10, 4)),
        "sequence": ibis.ifelse(s.is_foreign_15, s.number.substr(13, 1), s.first17.substr(14, 3)),
    }


def _values(s: Scratch) -> Mapping[str, ir.Value]:
    birth = s.birth_text.try_cast("date")
    return {
        "total": check_digits.mod_11_2_total(s.digits17),
        "birth": ibis.ifelse(s.is_foreign_15, _foreign_birth(s), birth),
        "birth_year": s.birth_text.substr(0, 4).try_cast("int64"),
    }


def _check(s: Scratch) -> Mapping[str, ir.Value]:
    foreign = check_digits.icao_9303(s.number)
    return {
        "check": ibis.ifelse(s.is_foreign_15, foreign, check_digits.mod_11_2_sign(s.total)),
    }


def _foreign_birth(s: Scratch) -> ir.DateValue:
    """The older foreigner's card has two digits of the year: the latest century that is past."""
    year, day = s.number.substr(7, 2), s.number.substr(9, 4)
    recent = _iso_date(ibis.literal("20") + year, day).try_cast("date")
    earlier = _iso_date(ibis.literal("19") + year, day).try_cast("date")
    return ibis.ifelse(recent <= s.as_of, recent, earlier)


def _iso_date(year: ir.StringValue, month_and_day: ir.StringValue) -> ir.StringValue:
    return year + "-" + month_and_day.substr(0, 2) + "-" + month_and_day.substr(2, 2)


def _verdict(s: Scratch) -> Mapping[str, ir.Value]:
    last = s.number.right(1)
    wrong_check = (s.is_18 | s.is_foreign_15) & (last != s.check)
    rounded = s.is_18 & (s.decimal | (wrong_check & s.number.endswith("000")))
    return {
        "wrong_check": wrong_check & ~rounded,
        "rounded": rounded,
        "permit": s.is_18 & s.region.isin(_PERMITS),
        "is_number": s.is_18 | s.is_15 | s.is_foreign_15,
    }


def citizen_steps() -> Sequence[Step]:
    """The steps after ``written_form.STEPS``."""
    return (
        Derive(_number),
        Derive(_shape),
        Derive(_parts),
        Derive(_digits),
        Derive(_values),
        Derive(_check),
        Derive(_verdict),
        Lookup(
            on="region",
            key="code",
            fields={"region_level": "level", "region_last_year": "last_year"},
            rows=load_regions,
            schema=REGION_SCHEMA,
        ),
        Lookup(
            on="country",
            key="code",
            fields={"country_known": "code"},
            rows=_countries,
            schema={"code": "string"},
        ),
    )


@cache
def _countries() -> Mapping[str, Sequence[object]]:
    table = load_code_table("country")
    return {"code": [*table["alpha3"], *table["numeric"]]}


def citizen_findings(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    """Everything that is wrong with a number, in the order of the number's parts."""
    return {
        **_form_findings(s),
        **_region_findings(s),
        **_birth_findings(s),
        "SEQ_000": (s.sequence == "000") & ~s.rounded,
        "CENTENARIAN_SEQUENCE": s.is_15 & s.sequence.isin(_CENTENARIANS),
        "CHECK_DIGIT": s.wrong_check,
        "PRECISION_LOSS": s.rounded,
        "X_LOOKALIKE": s.lookalike & s.is_18,
    }


def _form_findings(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    other = s.readable & ~s.is_number
    right_length = s.number.length().isin([15, 18])
    return {
        "LENGTH": other & ~right_length,
        "CHARSET": other & (right_length | ~s.number.re_search(r"^([A-Z]{3})?[0-9]+X?\z")),
    }


def _region_findings(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    known_province = s.province.isin(provinces())
    resident = s.resident & known_province & ~s.permit
    over = s.region_last_year <= s.as_of_date.year
    before_birth = s.region_last_year < s.birth_year
    at_county_level = (s.region_level == "city_without_counties").fill_null(False)
    return {
        "REGION_PROVINCE": s.province.notnull() & ~known_province,
        "REGION_UNKNOWN": resident & s.region_level.isnull(),
        "REGION_NOT_COUNTY": resident & s.region.endswith("00") & ~at_county_level,
        "REGION_ABOLISHED": resident & over & ~before_birth,
        "REGION_ABOLISHED_BEFORE_BIRTH": resident & over & before_birth,
        "COUNTRY_UNKNOWN": s.country.notnull() & s.country_known.isnull(),
    }


def _birth_findings(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    first = ibis.literal(date(_OLDEST, 1, 1))
    # Not yet 121 years old on the date of the data.
    oldest = ibis.literal(_years_before(s.as_of_date, _OLDEST_AGE + 1))
    return {
        "BIRTH_INVALID": s.is_number & s.birth.isnull(),
        "BIRTH_FUTURE": s.birth > s.as_of,
        "BIRTH_TOO_EARLY": s.birth < first,
        "BIRTH_IMPLAUSIBLE": s.birth.between(first, oldest),
    }


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


def citizen_value(s: Scratch) -> ir.StringValue:
    """The number as it may be used if no error was found; 15 digits upgraded to 18."""
    upgraded = s.first17 + s.check
    number = ibis.ifelse(s.is_18 | s.is_foreign_15, s.number, _NONE)
    return ibis.ifelse(s.is_15, upgraded, number)


def _rules(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    return {**written_form.unreadable(s), **citizen_findings(s)}


def _finish(s: Scratch) -> Parsed:
    findings = written_form.broken(s, _rules)
    findings["UPGRADED_FROM_15"] = s.usable & s.is_15
    findings["NORMALISED"] = s.usable & s.respelled & ~s.lookalike
    return Parsed(
        ibis.ifelse(s.usable, citizen_value(s), _NONE),
        findings,
        {
            "type": ibis.ifelse(s.usable, citizen_kind(s), _NONE),
            "birth_date": ibis.ifelse(s.usable, s.birth, ibis.null("date")),
            "sex_code": ibis.ifelse(s.usable, citizen_sex(s), _NONE),
            "damaged": ibis.cases(
                (~s.usable & s.number.re_search(_DAMAGED), s.number),
                (~s.usable & _in_digits(s).re_search(_DAMAGED), _in_digits(s)),
                (s.masked, _seen(s)),
            ),
        },
    )


def _in_digits(s: Scratch) -> ir.StringValue:
    """The number with the digits that its letters look like; NULL with more than three letters."""
    few = s.number.re_replace(f"[^{_LETTERS}]", "").length().between(1, 3)
    return ibis.ifelse(few, s.number.translate(_LETTERS, _LIKE_DIGITS), _NONE)


def _seen(s: Scratch) -> ir.StringValue:
    """A masked number with stars for as many digits as are missing; NULL if its ends are, too.

    And where its ends alone are as long as a number: it would be one that nobody has written.
    """
    head, tail = s.text.re_extract(_MASKED, 1), s.text.re_extract(_MASKED, 2)
    missing = 18 - head.length() - tail.length()
    stars = ibis.literal("*" * 18).substr(0, ibis.greatest(missing, 0))
    return ibis.ifelse((head != "") & (missing > 0), head + stars + tail, _NONE)


def citizen_kind(s: Scratch) -> ir.StringValue:
    """Which document the number belongs to."""
    return ibis.cases(
        (s.is_15, "resident_15_digits"),
        (s.is_foreign_15, "foreign_resident_15"),
        (s.foreign_18, "foreign_resident_18"),
        (s.permit, "hk_macao_taiwan_resident"),
        else_="resident",
    )


def citizen_sex(s: Scratch) -> ir.StringValue:
    """GB/T 2261.1 code by the parity of the sequence: odd is male."""
    return ibis.ifelse(s.sequence.right(1).isin(list("13579")), "1", "2")
