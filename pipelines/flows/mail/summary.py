"""The month of every owner, and the page about it for the leaders of the city."""

from datetime import date, timedelta
from pathlib import Path

from pipelines.batch import CHINA
from pipelines.contracts import load_sources
from pipelines.errors import SettingRefused
from pipelines.flows.shared.session import moment
from pipelines.flows.source.score_news import figures_of
from pipelines.report.leaders.city import CityMonth, city_month, render_city
from pipelines.settings import Settings
from pipelines.warehouse import connect
from pipelines.warehouse.quality.owner_months import compute_owner_months, read_owner_months

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
    finally:
        engine.dispose()
    titles = {
        source.name: (source.owner.department, source.title)
        for source in load_sources(settings).values()
    }
    figures = [
        (row.month, figures_of(row, *titles.get(row.source, (row.department, row.source))))
        for row in rows
    ]
    first = min((row.month for row in rows if row.found or row.still_open), default=month)
    return city_month(month, figures, [each for each in months if each >= first] or [month], today)


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
