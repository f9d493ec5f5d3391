"""Dates: every way of writing one day, everything that is not a day, and Python's own calendar."""

import datetime as dt
from functools import partial

from cleaning_laws import LAW, is_total, outcomes, spaced, texts_of, widened
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clean.dates import birth_date, date, timestamp

# The clean value is Beijing time and carries no zone.
moment = partial(dt.datetime, tzinfo=None)

ONE_DAY = [
    *("1990-03-07", "1990-3-7", "1990/3/7", "1990.3.7", "1990.03.07.", "19900307", "1990 03 07"),
    *("1990年3月7日", "1990年03月07号", "一九九〇年三月七日", "１９９０－０３－０７"),
    *("1990-03-07 00:00:00", "1990/3/7 0:00", "1990-03-07T12:30:05", "19900307 12:30:05"),
    *("19900307123005", "1990-03-07 下午3:05", "1990年3月7日 12时30分", "1990-03-07T08:00:00.123Z"),
    *("1990-03-06T16:00:00Z", "1990-03-06 23:00:00+00:00"),
]
OTHER_DAYS = {
    "2000-02-29": dt.date(2000, 2, 29),
    "25/12/1990": dt.date(1990, 12, 25),
    "12/25/1990": dt.date(1990, 12, 25),
    "5/5/1990": dt.date(1990, 5, 5),
    "1593475200": dt.date(2020, 6, 30),
    "1593446399999": dt.date(2020, 6, 29),
    "二〇二〇年十二月三十一日": dt.date(2020, 12, 31),
    "2020年十月二十日": dt.date(2020, 10, 20),
}
NO_DAY = {
    "1990-02-30": "DATE_INVALID",
    "19901301": "DATE_INVALID",
    "1900-02-29": "DATE_INVALID",
    "3/4/1990": "AMBIGUOUS_DATE",
    "90-3-7": "AMBIGUOUS_DATE",
    "900307": "AMBIGUOUS_DATE",
    "1990": "PARTIAL_DATE",
    "1990年": "PARTIAL_DATE",
    "1990年3月": "PARTIAL_DATE",
    "1990-03": "PARTIAL_DATE",
    "199003": "PARTIAL_DATE",
    "19900000": "PARTIAL_DATE",
    "1990-00-00": "PARTIAL_DATE",
    "0000-00-00": "PLACEHOLDER",
    "00000000": "PLACEHOLDER",
    "1900-01-01": "PLACEHOLDER",
    "1899-12-30": "PLACEHOLDER",
    "不详": "PLACEHOLDER",
    "-": "PLACEHOLDER",
    "abc": "DATE_FORM",
    "1990-03-07 25:00": "DATE_FORM",
    "123456789": "DATE_FORM",
    "99999": "DATE_FORM",
}
NO_END = ["长期", "永久", "无固定期限", "9999-12-31", "99991231", "9999年12月31日"]
MOMENTS = {
    "2026-06-30 12:30:05": moment(2026, 6, 30, 12, 30, 5),
    "2026-06-30T12:30:05.123456+08:00": moment(2026, 6, 30, 12, 30, 5, 123456),
    "2026-06-30T12:30:05Z": moment(2026, 6, 30, 20, 30, 5),
    "2026-06-29T22:30:05-05:00": moment(2026, 6, 30, 11, 30, 5),
    "20260630123005": moment(2026, 6, 30, 12, 30, 5),
    "20260630123005123": moment(2026, 6, 30, 12, 30, 5, 123000),
    "2026/6/30 8:05": moment(2026, 6, 30, 8, 5),
    "2026-06-30 8:05 PM": moment(2026, 6, 30, 20, 5),
    "2026-06-30": moment(2026, 6, 30),
    "2026年6月30日 下午3时05分09秒": moment(2026, 6, 30, 15, 5, 9),
}
calendar_days = st.dates(dt.date(1840, 1, 1), dt.date(2060, 12, 31)).filter(
    lambda day: day != dt.date(1900, 1, 1)
)


def test_many_forms_of_one_day(clean):
    found = outcomes(clean, date(), ONE_DAY)
    assert {text: o.value for text, o in found.items()} == dict.fromkeys(
        ONE_DAY, dt.date(1990, 3, 7)
    )
    assert [text for text, o in found.items() if o.rules] == []


def test_other_days(clean):
    found = outcomes(clean, date(), OTHER_DAYS)
    assert {text: o.value for text, o in found.items()} == OTHER_DAYS


def test_what_is_no_day(clean):
    found = outcomes(clean, date(), NO_DAY)
    assert {text: (o.value, *o.rules) for text, o in found.items()} == {
        text: (None, rule) for text, rule in NO_DAY.items()
    }


def test_serial_numbers_of_spreadsheets(clean):
    found = outcomes(clean, date(), ["32874", "44197.5"])
    assert [o.value for o in found.values()] == [dt.date(1990, 1, 1), dt.date(2021, 1, 1)]
    assert all(o.rules == {"EXCEL_SERIAL"} for o in found.values())


def test_a_serial_number_keeps_the_time_of_day(clean):
    found = outcomes(clean, timestamp(), ["46174.75", "46174", "46174.333333"])
    assert [o.value for o in found.values()] == [
        dt.datetime(2026, 6, 1, hour)  # noqa: DTZ001
        for hour in (18, 0, 8)
    ]
    assert all(o.rules == {"EXCEL_SERIAL"} for o in found.values())


def test_without_end_is_no_error_but_no_birth_date(clean):
    found = outcomes(clean, date(), NO_END)
    assert {(o.value, *o.rules) for o in found.values()} == {(None, "LONG_TERM")}
    found = outcomes(clean, birth_date(), NO_END)
    assert {(o.value, *o.rules) for o in found.values()} == {(None, "DATE_FORM")}


def test_far_away(clean):
    near, far, old = clean(date(), ["2126-12-31", "2127-01-01", "1839-12-31"])
    assert near.rules == set()
    assert far.rules == old.rules == {"DATE_IMPLAUSIBLE"}
    assert old.value == dt.date(1839, 12, 31)


def test_births_are_judged_against_the_date_of_the_data(clean):
    born = ["2026-06-30", "2026-07-01", "1839-12-31", "1905-06-30", "1905-07-01"]
    today, tomorrow, ancient, aged_121, aged_120 = clean(birth_date(), born)
    assert (today.value, today.rules) == (dt.date(2026, 6, 30), set())
    assert (tomorrow.value, tomorrow.rules) == (None, {"BIRTH_FUTURE"})
    assert (ancient.value, ancient.rules) == (None, {"BIRTH_TOO_EARLY"})
    assert (aged_121.value, aged_121.rules) == (dt.date(1905, 6, 30), {"BIRTH_IMPLAUSIBLE"})
    assert aged_120.rules == set()
    [later] = clean(birth_date(), ["2026-07-01"], as_of=dt.date(2026, 7, 1))
    assert later.rules == set()


def test_moments_are_in_beijing(clean):
    found = outcomes(clean, timestamp(), MOMENTS)
    assert {text: o.value for text, o in found.items()} == MOMENTS
    assert [text for text, o in found.items() if o.rules] == []


def test_a_moment_may_be_a_day_ahead(clean):
    tomorrow, after = clean(timestamp(), ["2026-07-01 23:59:59", "2026-07-02 00:00:00"])
    assert (tomorrow.rules, after.rules) == (set(), {"FUTURE_TIMESTAMP"})


@LAW
@given(texts_of("0123456789012345678901-/.年月日 :TZ+"))
def test_total(clean_fast, texts):
    for parser in (date(), birth_date(), timestamp()):
        is_total(clean_fast, parser, texts)


@LAW
@given(st.lists(st.integers(10000000, 21001331), min_size=1, max_size=60))
def test_eight_digits_as_the_calendar_has_them(clean_fast, numbers):
    def oracle(number):
        try:
            return dt.date(number // 10000, number // 100 % 100, number % 100)
        except ValueError:
            return None

    found = clean_fast(date(), [str(number) for number in numbers])
    judged = [(n, o) for n, o in zip(numbers, found, strict=True) if not o.rules & {"PLACEHOLDER"}]
    assert [(n, o.value) for n, o in judged] == [(n, oracle(n)) for n, _ in judged]


@LAW
@given(st.lists(calendar_days, min_size=1, max_size=40))
def test_every_day_in_every_form(clean_fast, days):
    forms = [
        "{0:%Y-%m-%d}",
        "{0.year}/{0.month}/{0.day}",
        "{0.year}年{0.month}月{0.day}日",
        "{0:%Y%m%d}",
    ]
    texts = [form.format(day) for form in forms for day in days]
    written = [*texts, *map(widened, texts), *map(spaced, texts)]
    read = zip(written, clean_fast(date(), written), 3 * len(forms) * days, strict=True)
    assert [(text, o.value) for text, o, day in read if o.value != day] == []


@LAW
@given(st.lists(calendar_days.map(dt.date.isoformat), min_size=1))
def test_iso_dates_are_what_comes_out(clean_fast, texts):
    assert [o.value.isoformat() for o in clean_fast(date(), texts)] == texts


@LAW
@given(st.lists(st.datetimes(moment(1841, 1, 1), moment(2060, 12, 31)), min_size=1))
def test_moments_as_python_reads_them(clean_fast, moments):
    utc = [f"{(m - dt.timedelta(hours=8)).isoformat()}Z" for m in moments]
    read = clean_fast(timestamp(), [*(m.isoformat() for m in moments), *utc])
    assert [o.value for o in read] == [*moments, *moments]
