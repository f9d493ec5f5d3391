"""Dates and times as people and systems write them; GB/T 7408 (ISO 8601) is what comes out.

Read are 1990-03-07, 1990/3/7, 1990.3.7, 19900307, 1990年3月7日, 一九九〇年三月七日, 7/25/1990 (only
where day and month cannot be confused), spreadsheet serial numbers, Unix time, each with or without
a time of day. What does not name exactly one day becomes NULL with a finding: nothing is guessed.
"""

from collections.abc import Mapping
from datetime import date as calendar_date
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.characters import TEXT_STEPS, is_placeholder
from pipelines.clean.parsing.parser import Derive, Parsed, Parser, PlainForm, Scratch
from pipelines.clean.parsing.plain import month_and_day, years

OLDEST_BIRTH = calendar_date(1840, 1, 1)  # before it nobody can be in any register
GREATEST_AGE = 120  # years
# Day 0 of the 1900 date system, one early because that system has a 29 February 1900.
_SERIAL_ZERO = calendar_date(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 10_000, 73_050  # 1927-05-18 to 2099-12-31
_FARTHEST = 100  # years ahead; the longest business term that registers hold is below it
_BEIJING = 8 * 60  # minutes ahead of UTC

_LONG_TERM = (
    "^(?:长期|永久|永续|无期限|无固定期限|不限期|不约定期限|长期有效|永久有效|9999[-./年].*|至?今)$"
)
_STAND_INS = ("19000101", "18991230", "18991231", "00010101", "10000101", "11111111", "00000000")
_ISO = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_HEAD = "^[0-9]{1,4}(?:[-./年、])[0-9]{1,2}(?:[-./月、][0-9]{0,4}[日号]?)?"
_TIME = (
    r"^[T日 ]? ?(上午|下午|中午|晚上|凌晨)? ?([0-9]{1,2})[:时点]([0-9]{1,2})"
    r"(?:[:分]([0-9]{1,2}))?[分秒]?(?:[.,]([0-9]{1,9}))? ?(AM|PM|am|pm)? ?"
    r"(Z|GMT|UTC|CST|[-+][0-9]{2}:?[0-9]{2})?(?:\[[^\]]*\])?$"
)


@cache
def date() -> Parser:
    """The parser of ``date``. 长期 and 9999-12-31 are NULL without an error: no end."""
    plain = PlainForm(_is_plain_date, _read_plain_date)
    return Parser(_STEPS, _finish_date, "date", plain=plain, due=_date_due)


@cache
def birth_date() -> Parser:
    """The parser of ``birth_date``: a ``date`` that is judged against the date of the data."""
    plain = PlainForm(_is_plain_birth_date, _read_plain_date, until=_plain_birth_holds_until)
    return Parser(_STEPS, _finish_birth_date, "date", plain=plain, due=_birth_due)


@cache
def timestamp() -> Parser:
    """The parser of ``timestamp``: Beijing time without zone; other zones are converted."""
    plain = PlainForm(_is_plain_timestamp, lambda text: text.try_cast("timestamp"))
    return Parser(_STEPS, _finish_timestamp, "timestamp", plain=plain, due=_timestamp_due)


# ---- plain forms ----

_FIRST_PLAIN = 1901  # 1900-01-01 stands for "none"


def _is_plain_date(text: ir.StringValue, as_of: calendar_date) -> ir.BooleanValue:
    """1990-03-07 or 19900307, no further ahead than terms of business reach."""
    return text.re_search(_plain_days(_FIRST_PLAIN, as_of.year + _FARTHEST - 1))


def _is_plain_birth_date(text: ir.StringValue, as_of: calendar_date) -> ir.BooleanValue:
    """The same within a lifetime, up to the date of the data."""
    first = max(_FIRST_PLAIN, as_of.year - GREATEST_AGE + 1)
    plain = text.re_search(_plain_days(first, as_of.year))
    return plain & (text.replace("-", "") <= as_of.strftime("%Y%m%d"))


def _plain_birth_holds_until(as_of: calendar_date) -> calendar_date:
    """Nobody who is plain grows implausibly old before."""
    return calendar_date(as_of.year + 2, 1, 1)


def _is_plain_timestamp(text: ir.StringValue, as_of: calendar_date) -> ir.BooleanValue:
    """1990-03-07 08:30:00 up to the date of the data."""
    day = f"{years(_FIRST_PLAIN, as_of.year)}-{month_and_day('-')}"
    clock = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    return text.re_search(rf"^{day} {clock}\z") & (text.left(10) <= as_of.isoformat())


def _plain_days(first: int, last: int) -> str:
    year = years(first, last)
    return rf"^{year}(?:-{month_and_day('-')}|{month_and_day()})\z"


def _read_plain_date(text: ir.StringValue) -> ir.DateValue:
    digits = text.replace("-", "")
    iso = digits.substr(0, 4) + "-" + digits.substr(4, 2) + "-" + digits.substr(6, 2)
    return iso.try_cast("date")


# ---- steps ----


def _unify_numerals(s: Scratch) -> Mapping[str, ir.Value]:
    """二〇二〇年一月十五日 as 2020年1月15日."""
    text = s.text
    for number in range(31, 9, -1):
        text = text.replace(_in_chinese(number), str(number))
    text = text.translate("〇零○一二三四五六七八九", "000123456789")
    chinese = s.text.re_search("[一二三四五六七八九十〇○零][年月日号]")
    spaced = s.text.re_search("^[0-9]{4} [0-9]{1,2} [0-9]{1,2}$")
    return {
        "plain": ibis.cases(
            (s.text.re_search("^[0-9-]*[0-9]$"), s.text),
            (chinese, text),
            (spaced, s.text.replace(" ", "-")),
            else_=s.text.re_replace("[-./、,。;]+$", ""),
        )
    }


def _in_chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    digits = "〇一二三四五六七八九"
    return ("" if tens == 1 else digits[tens]) + "十" + ("" if ones == 0 else digits[ones])


def _split_time(s: Scratch) -> Mapping[str, ir.Value]:
    """``head`` is the date with ``-`` between its numbers, or only digits; ``tail`` the time."""
    iso = s.plain.re_search(_ISO)
    found = s.plain.re_extract(_HEAD, 0)
    numbers = found.re_replace("[./年月、]", "-").re_replace("[日号]|-$", "")
    compact = s.plain.re_extract("^[0-9]{8}([T ]|$)", 0).re_replace("[T ]", "")
    return {
        "head": ibis.cases((iso, s.plain), (found != "", numbers), else_=compact),
        "tail": ibis.cases(
            (iso, ""),
            (found != "", s.plain.substr(found.length())),
            else_=s.plain.substr(compact.length()),
        ).strip(),
        "digits": ibis.ifelse(s.plain.re_search("^[0-9]+$"), s.plain.length(), 0),
    }


def _read_numbers(s: Scratch) -> Mapping[str, ir.Value]:
    """``compact`` is YYYYMMDD, whether or not there is such a day; '' where there are not three."""
    year_first = s.head.re_search("^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$")
    year_last = s.head.re_search("^[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}$")
    iso = s.head.re_search(_ISO)
    first, second, third = (ibis.ifelse(iso, "", _part(s.head, n)) for n in (1, 2, 3))
    day_first = year_last & ((first > "12") | (first == second)) & (second <= "12")
    month_first = year_last & (second > "12") & (first <= "12")
    long = s.digits.isin([12, 14, 17])
    return {
        "compact": ibis.cases(
            (iso, s.head.replace("-", "")),
            (long, s.plain.left(8)),
            (s.head.length() == 8, ibis.ifelse(s.head.contains("-"), "", s.head)),
            else_="",
        ),
        "spread": ibis.cases(
            (iso, ""),
            (year_first, _part(s.head, 1, 4) + second + third),
            (day_first, _part(s.head, 3, 4) + second + first),
            (month_first, _part(s.head, 3, 4) + first + second),
            else_="",
        ),
        "confusable": year_last & ~day_first & ~month_first,
        "clock": ibis.ifelse(long, _clock_of_digits(s.plain), s.tail),
    }


def _part(head: ir.StringValue, number: int, width: int = 2) -> ir.StringValue:
    """The n-th number between hyphens, filled with zeros on the left."""
    digits = head.re_extract("^([0-9]*)-?([0-9]*)-?([0-9]*)", number)
    return (ibis.literal("0000") + digits).right(width)


def _clock_of_digits(plain: ir.StringValue) -> ir.StringValue:
    """YYYYMMDDHHMM[SS[mmm]] as HH:MM:SS.mmm."""
    seconds = ibis.ifelse(plain.length() >= 14, plain.substr(12, 2), "00")
    fraction = ibis.ifelse(plain.length() > 14, ibis.literal(".") + plain.substr(14, 3), "")
    return plain.substr(8, 2) + ":" + plain.substr(10, 2) + ":" + seconds + fraction


def _find_day(s: Scratch) -> Mapping[str, ir.Value]:
    ymd = ibis.ifelse(s.spread != "", s.spread, s.compact)
    return {"ymd": ymd, "exists": (ymd != "") & _is_calendar_date(ymd)}


def _is_calendar_date(ymd: ir.StringValue) -> ir.BooleanValue:
    """True for a day of the (proleptic) Gregorian calendar from the year 1000 on."""
    year = ymd.substr(0, 4).nullif("").cast("int64")
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    common = ymd.re_search(
        "^[1-9][0-9]{3}(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])"
        "|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)|02(?:0[1-9]|1[0-9]|2[0-8]))$"
    )
    return common | (ymd.endswith("0229") & (year >= 1000) & leap)


def _find_time(s: Scratch) -> Mapping[str, ir.Value]:
    """The day and the minutes after midnight; the parts are read only where there is a time."""
    clock = ibis.ifelse(s.clock == "", None, s.clock)
    hour, minute, second = (_number(clock.re_extract(_TIME, group)) for group in (2, 3, 4))
    half = clock.re_extract(_TIME, 1) + clock.re_extract(_TIME, 6).upper()
    afternoon = half.re_search("下午|晚上|PM") & (hour < 12)
    midnight = half.re_search("凌晨|AM") & (hour == 12)
    hour = ibis.cases((afternoon, hour + 12), (midnight, 0), else_=hour)
    valid = clock.re_search(_TIME) & (hour <= 24) & (minute < 60) & (second <= 60)
    fraction = (clock.re_extract(_TIME, 5) + "000000").left(6)
    iso = s.ymd.substr(0, 4) + "-" + s.ymd.substr(4, 2) + "-" + s.ymd.substr(6, 2)
    return {
        "day": ibis.ifelse(s.exists, iso, None).cast("date"),
        "has_time": valid.fill_null(False),
        "bad_time": (s.clock != "") & ~valid,
        "milliseconds": ibis.ifelse(valid, ((hour * 60 + minute) * 60 + second) * 1000, 0),
        "microseconds": ibis.ifelse(valid, _number(fraction), 0),
        "zone": ibis.ifelse(valid, _minutes_east(clock.re_extract(_TIME, 7)), _BEIJING),
    }


def _number(digits: ir.StringValue) -> ir.IntegerValue:
    return (ibis.literal("0") + digits).cast("int64")


def _minutes_east(zone: ir.StringValue) -> ir.IntegerValue:
    digits = zone.re_replace("[^0-9]", "")
    minutes = _number(digits.left(2)) * 60 + _number(digits.right(2))
    return ibis.cases(
        ((zone == "") | (zone == "CST"), _BEIJING),
        (zone.isin(["Z", "GMT", "UTC"]), 0),
        (zone.startswith("-"), -minutes),
        else_=minutes,
    )


def _read_counts(s: Scratch) -> Mapping[str, ir.Value]:
    """Serial numbers of spreadsheets (days) and Unix time (seconds or milliseconds)."""
    serial = s.plain.re_search(r"^[0-9]{5}(?:\.[0-9]+)?$")
    days = ibis.ifelse(serial, s.plain.left(5), "0").cast("int64")
    serial &= days.between(_FIRST_SERIAL, _LAST_SERIAL)
    unix = s.digits.isin([10, 13])
    seconds = ibis.ifelse(unix, s.plain.left(10), "0").cast("int64")
    serial_day = ibis.literal(_SERIAL_ZERO) + ibis.ifelse(serial, days, 0).as_interval("D")
    fraction = ibis.ifelse(serial, s.plain.re_extract(r"^[0-9]{5}(\.[0-9]+)$", 1), "")
    second = ((ibis.literal("0") + fraction).cast("float64") * 86_400).round().cast("int64")
    serial_moment = serial_day.cast("timestamp") + second.as_interval("s")
    unix_moment = ibis.timestamp("1970-01-01 00:00:00") + (seconds + _BEIJING * 60).as_interval("s")
    midnight = ibis.cases((serial, serial_moment), else_=s.day.cast("timestamp"))
    clock = (s.milliseconds * 1000 + s.microseconds).as_interval("us")
    shifted = midnight + clock + (_BEIJING - s.zone).as_interval("m")
    return {
        "serial": serial,
        "unix": unix,
        "moment": ibis.cases((unix, unix_moment), (s.has_time, shifted), else_=midnight),
    }


def _look_for_words(s: Scratch) -> Mapping[str, ir.Value]:
    """What no day can be read from, asked only where none was read from the usual form."""
    unusual = ~s.plain.re_search(_ISO)
    no_date = s.plain.re_search("^0+[-./]?0*[-./]?0*(?: 0[0:]*)?$") | is_placeholder(s.text)
    long_term = s.plain.re_search(_LONG_TERM)
    two_digit_year = s.head.re_search("^[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}$") | (s.digits == 6)
    return {
        "given": s.text != "",
        "read": s.exists | s.serial | s.unix,
        "long_term": (s.ymd == "99991231") | (unusual & long_term),
        "stand_in": s.ymd.isin(_STAND_INS) | (unusual & no_date),
        "partial_form": _is_partial(s),
        "two_digit_year": unusual & two_digit_year,
    }


def _classify(s: Scratch) -> Mapping[str, ir.Value]:
    """The findings that all three parsers share; one of them at most is true."""
    placeholder = s.given & s.stand_in & ~s.long_term
    partial = s.partial_form & ~s.stand_in
    ambiguous = (s.two_digit_year | s.confusable) & ~partial & ~s.stand_in
    nothing_said = s.given & ~s.stand_in & ~s.long_term & ~partial & ~ambiguous
    bad_time = s.read & s.bad_time & ~s.unix & ~s.serial
    return {
        "placeholder": placeholder,
        "partial": partial,
        "ambiguous": ambiguous,
        "wrong_day": nothing_said & (s.ymd != "") & ~s.read,
        "unreadable": nothing_said & (((s.ymd == "") & ~s.read) | bad_time),
        "usable": s.read & ~s.stand_in & ~s.long_term & ~bad_time,
    }


def _is_partial(s: Scratch) -> ir.BooleanValue:
    """Only a year, or a year and a month: 1990, 1990年, 1990-03, 199003, 19900300, 1990-00-00."""
    pattern = (
        "^(?:1[89]|20)[0-9]{2}(?:年度?|(?:0[1-9]|1[0-2])(?:00)?|0000"
        "|[-./年](?:0?[1-9]|1[0-2]|00?)(?:月份?|[-./]00?)?)?$"
    )
    return ~s.exists & s.plain.re_search(pattern)


_STEPS = (
    *TEXT_STEPS,
    Derive(_unify_numerals),
    Derive(_split_time),
    Derive(_read_numbers),
    Derive(_find_day),
    Derive(_find_time),
    Derive(_read_counts),
    Derive(_look_for_words),
    Derive(_classify),
)


# ---- outcomes ----


def _shared_findings(s: Scratch) -> dict[str, ir.BooleanValue]:
    return {
        "PLACEHOLDER": s.placeholder,
        "PARTIAL_DATE": s.partial,
        "AMBIGUOUS_DATE": s.ambiguous,
        "DATE_INVALID": s.wrong_day,
        "DATE_FORM": s.unreadable,
        "EXCEL_SERIAL": s.usable & s.serial,
    }


def _finish_date(s: Scratch) -> Parsed:
    day = s.moment.date()
    findings = {
        "LONG_TERM": s.given & s.long_term,
        "DATE_IMPLAUSIBLE": s.usable
        & ((day < ibis.literal(OLDEST_BIRTH)) | (day.year() > s.as_of.year() + _FARTHEST)),
    }
    return Parsed(ibis.ifelse(s.usable, day, None), _shared_findings(s) | findings)


def _finish_birth_date(s: Scratch) -> Parsed:
    day = s.moment.date()
    future, early = day > s.as_of, day < ibis.literal(OLDEST_BIRTH)
    findings = {
        "DATE_FORM": s.unreadable | (s.given & s.long_term),
        "BIRTH_FUTURE": s.usable & future,
        "BIRTH_TOO_EARLY": s.usable & early,
        "BIRTH_IMPLAUSIBLE": s.usable & ~early & _older_than(day, s),
    }
    value = ibis.ifelse(s.usable & ~future & ~early, day, None)
    return Parsed(value, _shared_findings(s) | findings)


def _older_than(day: ir.DateValue, s: Scratch) -> ir.BooleanValue:
    """Had the birthday number ``GREATEST_AGE`` + 1 by the date of the data."""
    as_of = s.as_of_date
    years = as_of.year - day.year()
    birthday_came = (day.month() * 100 + day.day()) <= as_of.month * 100 + as_of.day
    return ibis.ifelse(birthday_came, years, years - 1) > GREATEST_AGE


def _finish_timestamp(s: Scratch) -> Parsed:
    # One day of tolerance: the batch date is when the data were cut, not when they were sent.
    findings = {
        "DATE_FORM": s.unreadable | (s.given & s.long_term),
        "FUTURE_TIMESTAMP": s.usable & (s.moment.date() > s.as_of + ibis.interval(days=1)),
    }
    return Parsed(ibis.ifelse(s.usable, s.moment, None), _shared_findings(s) | findings)


# ---- when a text is judged otherwise ----


def _date_due(s: Scratch) -> ir.DateValue:
    """What lies too far ahead is plausible when the year comes near enough."""
    year = s.moment.date().year() - _FARTHEST
    first = (year.cast("string") + "-01-01").try_cast("date")
    return ibis.ifelse(s.usable & (year > s.as_of.year()), first, ibis.null("date"))


def _birth_due(s: Scratch) -> ir.DateValue:
    """A birth that lies ahead comes; whoever was born grows too old (29 February: a day early)."""
    day = s.moment.date()
    too_old = (day + ibis.interval(years=GREATEST_AGE + 1)).cast("date")
    return ibis.cases(
        (s.usable & (day > s.as_of), day),
        (s.usable & (too_old > s.as_of), too_old),
        else_=ibis.null("date"),
    )


def _timestamp_due(s: Scratch) -> ir.DateValue:
    """What lies ahead of the data by more than a day is told until the day before."""
    day = s.moment.date()
    before = (day - ibis.interval(days=1)).cast("date")
    return ibis.ifelse(s.usable & (before > s.as_of), before, ibis.null("date"))
