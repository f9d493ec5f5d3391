"""What pages and sheets for leaders say, and what the database says of the same, to compare."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from pipelines.batch import CHINA
from pipelines.report.leaders.city import CityMonth
from pipelines.report.leaders.city_pdf import draw_city

_COUNTED = text("""
    WITH issue AS (
        SELECT source, state, due_date, found_at >= :begin AS is_new,
            closed_at >= :begin AND closed_at < :end AS is_closed,
            coalesce(closed_at >= :end, true) AS is_open,
            coalesce(answered_at, CASE state WHEN 'confirmed_correct' THEN closed_at END)
                AS answered
        FROM quality.issue WHERE found_at < :end
    )
    SELECT source,
        count(*) FILTER (WHERE is_new) AS "发现",
        count(*) FILTER (WHERE answered >= :begin AND answered < :end) AS "答复",
        count(*) FILTER (WHERE is_closed AND state = 'fixed') AS "解决",
        count(*) FILTER (WHERE is_closed AND state = 'confirmed_correct') AS "确认无误",
        count(*) FILTER (WHERE due_date < :today AND is_open AND answered IS NULL) AS "逾期",
        count(*) FILTER (WHERE is_open) AS "未结"
    FROM issue GROUP BY source
""")


class _Tables(HTMLParser):
    """The rows of every table, each a list of the texts of its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self._inside = True
        elif tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data


def table_rows(html: str) -> list[list[str]]:
    """The rows of every table of a page."""
    parser = _Tables()
    parser.feed(html)
    return [[cell.strip() for cell in row] for row in parser.rows]


def departments_told(html: str) -> Mapping[str, Mapping[str, str]]:
    """Of the leaders' page: department to its figures by their titles; 全市合计 among them."""
    rows = table_rows(html)
    head = next(row for row in rows if row[:1] == ["部门"])
    below = rows[rows.index(head) + 1 :]
    return {row[0].split("\n")[0]: dict(zip(head[1:], row[1:], strict=True)) for row in below}


def issues_counted(
    connection: Connection, month: date, today: date, departments: Mapping[str, str]
) -> Mapping[str, Mapping[str, int]]:
    """The same from the issues themselves; ``departments``: source to its department."""
    begin = datetime(month.year, month.month, 1, tzinfo=CHINA)
    end = (begin + timedelta(days=31)).replace(day=1)
    until = {"begin": begin, "end": end, "today": today}
    counted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in connection.execute(_COUNTED, until).mappings():
        for whose in (departments[row["source"]], "全市合计"):
            for name in row:
                if name != "source":
                    counted[whose][name] += row[name]
    return counted


def drawn_texts(told: CityMonth, folder: Path) -> list[str]:
    """The texts that are put on the leaders' sheet."""
    from matplotlib.figure import Figure

    texts: list[str] = []
    write = Figure.text

    def note(self, x, y, words, **options):
        texts.append(words)
        return write(self, x, y, words, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "text", note)
        draw_city(told, folder / "city.pdf", folder)
    return texts


def lines_of_table(texts: list[str], titles: list[str]) -> Mapping[str, Mapping[str, str]]:
    """Of what is drawn: department to its figures by their titles."""
    start = len(texts) - 1 - texts[::-1].index("部门")
    width = len(titles) + 1
    rows = [texts[at : at + width] for at in range(start, len(texts), width)]
    end = next(place for place, row in enumerate(rows) if row[0] == "全市合计")
    return {row[0]: dict(zip(titles, row[1:], strict=True)) for row in rows[1 : end + 1]}
