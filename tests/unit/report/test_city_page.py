"""The leaders' page: its numbers add up, it names who is late, and it can be drawn."""

import re
from datetime import date
from html.parser import HTMLParser

import pytest

from pipelines.report.leaders.city import MOST_ROWS, city_month, delta, render_city
from pipelines.report.leaders.city_pdf import draw_city
from pipelines.report.owner.figures import OwnerFigures

MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
POLICE = OwnerFigures("公安局", "户籍<登记>", 10, 9, 8, 7, 1, 3, 2, 4.5)
MARKET = OwnerFigures("市场监管局", "企业登记", 5, 5, 5, 5, 0, 0, 0, None)


def page(*rows, before=()):
    figures = [(JUNE, row) for row in rows] + [(MAY, row) for row in before]
    return city_month(JUNE, figures, [MAY, JUNE])


def text_of(html):
    class Text(HTMLParser):
        said = ""

        def handle_data(self, data):
            self.said += data

    parser = Text()
    parser.feed(html)
    return parser.said


def test_the_total_is_the_sum_and_is_compared_with_the_month_before():
    told = page(MARKET, POLICE, before=[MARKET])
    assert (told.total.found, told.total.overdue, told.total.still_open) == (15, 3, 2)
    assert delta(told, "found") == "比上月增加 10"
    assert delta(page(MARKET, before=[MARKET]), "found") == "与上月持平"


def test_whoever_is_late_comes_first_and_is_named():
    told = page(MARKET, POLICE)
    assert told.rows[0] == POLICE
    assert "逾期未答复 3 处，最多的是：公安局“户籍<登记>” 3 处" in told.news[1]
    assert page(MARKET).news[1] == "没有部门逾期未答复。"


def test_a_month_that_is_not_over_says_so():
    running = city_month(JUNE, [(JUNE, MARKET)], [JUNE], today=date(2026, 6, 12))
    assert running.title == "2026 年 6 月（截至 12 日）公共数据质量问题整改情况"
    assert "目前尚未解决" in running.news[0]
    over = city_month(JUNE, [(JUNE, MARKET)], [JUNE], today=date(2026, 7, 1))
    assert "截至" not in over.title
    assert "月末尚未解决" in over.news[0]


def test_a_city_with_many_data_sets_still_fits_a_page():
    many = [OwnerFigures("局", f"数据集{n:03}", found=n) for n in range(MOST_ROWS + 5)]
    told = page(*many)
    assert len(told.rows) == MOST_ROWS + 1
    assert sum(row.found for row in told.rows) == told.total.found


def test_the_page_is_escaped_and_loads_nothing():
    html = render_city(page(POLICE, before=[MARKET]))
    assert "户籍<登记>" in text_of(html)
    assert "户籍&lt;登记&gt;" in html
    assert not any(word in html for word in ("<script", "http://", "https://", "src="))


@pytest.mark.parametrize("rows", [(), (POLICE,), tuple([POLICE, MARKET] * 15)])
def test_the_sheet_is_drawn_and_drawn_alike(rows, tmp_path):
    files = [tmp_path / "one.pdf", tmp_path / "two.pdf"]
    for file in files:
        draw_city(page(*rows), file, tmp_path)
    one, two = (file.read_bytes() for file in files)
    assert one == two
    assert one.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b(?!s)", one)) == 1
