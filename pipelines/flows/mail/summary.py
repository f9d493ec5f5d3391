"""The month of every owner, and the page about it for the leaders of the city."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from pipelines.batch import CHINA
from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.errors import SettingRefused
from pipelines.flows.mail.troubles import last_grades, troubles_of
from pipelines.flows.shared.session import moment
from pipelines.flows.source.report.score_news import figures_of
from pipelines.report.leaders.city import CityMonth, city_month, render_city
from pipelines.report.owner.figures import OwnerFigures
from pipelines.settings import Settings
from pipelines.warehouse import connect
from pipelines.warehouse.quality.issues.answers_in_time import read_answers_in_time
from pipelines.warehouse.quality.issues.owner_months import (
    OwnerMonth,
    compute_owner_months,
    read_owner_months,
)

MONTHS = 6  # of the trend


def summarise(settings: Settings, month: date) -> CityMonth:
    """Compute the figures of a month and of those before it, and put the page together.

    Raises:
        CalendarUnknown: a time limit reaches into a year that the calendar does not have.
    """
    today = moment(settings).astimezone(CHINA).date()
    months = [month]
    while len(months) < MONTHS:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    engine = connect(settings)
    try:
        for each in months:
            compute_owner_months(engine, each, today)
        rows = read_owner_months(engine, months[0], month)
        answers = {each: read_answers_in_time(engine, each, _end(each, today)) for each in months}
        sources = load_sources(settings)
        grades = last_grades(engine, month)
        troubles = troubles_of(settings, engine, sources, month, today)
    finally:
        engine.dispose()
    figures = [(row.month, _figures(row, sources, answers, grades, month)) for row in rows]
    known = {row.source for row in rows if row.month == month}
    figures += [  # a data set without issues has a grade all the same
        (month, OwnerFigures(its.owner.department, its.title, grades=(grades[name],)))
        for name, its in sources.items()
        if name in grades and name not in known
    ]
    first = min((row.month for row in rows if row.found or row.still_open), default=month)
    shown = [each for each in months if each >= first] or [month]
    return city_month(month, figures, shown, today, troubles)


def _figures(
    row: OwnerMonth,
    sources: Mapping[str, Source],
    answers: Mapping[date, Mapping[str, tuple[int, int]]],
    grades: Mapping[str, str],
    month: date,
) -> OwnerFigures:
    source = sources.get(row.source)
    named = (source.owner.department, source.title) if source else (row.department, row.source)
    in_time, due = answers[row.month].get(row.source, (0, 0))
    grade = (grades[row.source],) if row.month == month and row.source in grades else ()
    return replace(figures_of(row, *named), in_time=in_time, due=due, grades=grade)


def _end(month: date, today: date) -> date:
    """The day until which a month is counted."""
    return min(today, (month + timedelta(days=31)).replace(day=1))


def write_summary(settings: Settings, month: date, file: Path) -> CityMonth:
    """Write the page about a month to a ``.html`` or ``.pdf`` file.

    Raises:
        SettingRefused: the file's name ends in something else.
    """
    if file.suffix not in {".html", ".pdf"}:
        raise SettingRefused("--to", file.name, "Name a file that ends in .html or .pdf.")
    page = summarise(settings, month)
    if file.suffix == ".html":
        file.write_text(render_city(page), encoding="utf-8")
    else:
        from pipelines.report.leaders.city_pdf import (
            draw_city,  # matplotlib takes a second to import
        )

        draw_city(page, file, settings.cache_dir)
    return page
