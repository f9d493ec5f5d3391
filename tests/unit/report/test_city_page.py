"""The leaders' page: its numbers add up, it names who is late, and it can be drawn."""

import re
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.report.leaders.city import (
    COLUMNS,
    MOST_ROWS,
    MOST_TROUBLES,
    TILES,
    Trouble,
    cell,
    city_month,
    delta,
    render_city,
)
from pipelines.report.leaders.city_pdf import _lines, draw_city
from pipelines.report.owner.figures import OwnerFigures
from tests.page_figures import drawn_texts

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


def test_the_sums_of_the_first_sentence_close():
    rows = [
        OwnerFigures("甲局", "a", found=10, fixed=4, confirmed=1, still_open=8, carried=5, gone=2),
        OwnerFigures("乙局", "b", found=3, fixed=0, confirmed=1, still_open=2),
    ]
    told = page(*rows)
    total = told.total
    closed = total.fixed + total.confirmed + total.gone
    assert total.carried + total.found - closed == total.still_open == 10
    assert told.news[0] == (
        "上月结转 5 处，本月发现问题 13 处，解决 4 处，确认无误 2 处，记录未再报送 2 处，"
        "月末尚未解决 10 处。"
    )


def test_whoever_is_late_comes_first_and_is_named():
    told = page(MARKET, POLICE)
    assert told.rows[0] == POLICE
    assert "逾期未答复 3 处，最多的是：公安局 3 处" in told.news[1]
    assert page(MARKET).news[1] == "没有部门逾期未答复。"


def test_a_month_that_is_not_over_says_so():
    running = city_month(JUNE, [(JUNE, MARKET)], [JUNE], today=date(2026, 6, 12))
    assert running.title == "2026 年 6 月（截至 12 日）公共数据质量问题整改情况"
    assert "目前尚未解决" in running.news[0]
    over = city_month(JUNE, [(JUNE, MARKET)], [JUNE], today=date(2026, 7, 1))
    assert "截至" not in over.title
    assert "月末尚未解决" in over.news[0]


def test_a_city_with_many_data_sets_still_fits_a_page():
    many = [OwnerFigures(f"局{n:03}", "数据集", found=n) for n in range(MOST_ROWS + 5)]
    told = page(*many)
    assert len(told.rows) == MOST_ROWS + 1
    assert sum(row.found for row in told.rows) == told.total.found


def test_a_department_has_one_line_with_its_rates_and_grades():
    rows = [
        OwnerFigures("甲局", "a", found=8, fixed=3, confirmed=1, carried=2, still_open=6,
                     in_time=3, due=4, grades=("A",), median_days=2.0),
        OwnerFigures("甲局", "b", found=2, fixed=1, still_open=1, in_time=1, due=1, grades=("C",),
                     median_days=6.0),
        OwnerFigures("乙局", "c", grades=("A",)),
    ]  # fmt: skip
    told = page(*rows, before=[OwnerFigures("甲局", "a", found=2, fixed=1, in_time=1, due=1)])
    ours, others = told.rows
    assert (ours.department, ours.dataset, others.dataset) == ("甲局", "2 个数据集", "c")
    shown = {name: cell(ours, name) for name in COLUMNS}
    assert shown["repair_rate"] == "41.7 %"  # 5 of 12
    assert shown["on_time_rate"] == "80.0 %"
    assert (shown["median_days"], shown["grades"]) == ("2.8", "A、C")
    assert {cell(others, name) for name in ("repair_rate", "on_time_rate", "median_days")} == {"—"}
    assert delta(told, "repair_rate") == "比上月下降 8.3 个百分点"
    assert delta(told, "on_time_rate") == "比上月下降 20.0 个百分点"
    assert cell(told.total, "grades") == "A×2、C"


def test_who_did_not_deliver_and_what_was_stopped_is_named(tmp_path):
    troubles = [
        Trouble("甲局", "a", "late", "20260501"),
        Trouble("甲局", "d", "late", "20260502"),
        Trouble("乙局", "b", "stopped", "20260602"),
    ]
    many = [Trouble("丙局", f"c{n}", "missing") for n in range(MOST_TROUBLES + 2)]
    told = city_month(JUNE, [(JUNE, MARKET)], [JUNE], troubles=[*troubles, *many])
    late, missing, stopped = told.news[-3:]
    assert (
        late
        == "应报未报的数据集 2 个：甲局《a》（最近一批 5 月 1 日）、《d》（最近一批 5 月 2 日）。"
    )
    assert stopped == "未通过质量校验（门禁）、已退回的 1 批：乙局《b》（批次 20260602）。"
    assert missing.startswith(f"从未报送的数据集 {MOST_TROUBLES + 2} 个：丙局《c0》、《c1》、")
    assert missing.endswith("；另有 2 个。")
    drawn = "".join(drawn_texts(told, tmp_path))
    for said in (late, missing, stopped):
        assert said in text_of(render_city(told))
        assert said.replace(" ", "") in drawn.replace(" ", "")


@given(
    st.lists(st.sampled_from(["未结", "《户籍》", "（批次 20260602）", "、", "12,345", "。", " "]))
)
def test_a_line_of_the_sheet_breaks_where_a_reader_expects_it(pieces):
    text = "".join(pieces)
    lines = list(_lines(text, 12))
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for line, after in pairwise(lines):
        assert not line.endswith(("（", "《"))
        assert not after.startswith(("，", "。", "、", "）", "》"))
        assert not (line[-1:].isdigit() and after[:1].isdigit()), "a number is taken apart"


def test_page_and_sheet_show_the_same_figures(tmp_path):
    """What the HTML page says of every row stands in the PDF, too."""
    told = page(MARKET, POLICE, before=[MARKET])
    drawn = drawn_texts(told, tmp_path)
    shown = text_of(render_city(told))
    for figures in (*told.rows, told.total):
        for name in COLUMNS:
            assert cell(figures, name) in drawn
            assert cell(figures, name) in shown
    for name in TILES:
        words = delta(told, name)
        assert words in shown
        assert words.replace(" ", "") in "".join(drawn).replace(" ", "") or not words


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
