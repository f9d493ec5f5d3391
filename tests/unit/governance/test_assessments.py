"""Impact assessments beside what handles personal data, and the ranking of the dashboard."""

import re
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import DeclarationRefused
from pipelines.flows.governance.assessments import assessment_register, processings
from pipelines.governance.assessments import (
    Processing,
    assessment_table,
    read_assessments,
    unassessed,
)
from pipelines.governance.dashboard import (
    RANKED,
    Dashboard,
    dashboard_page,
    dashboard_words,
    rank,
)
from pipelines.governance.evaluation import INDICATORS, Figure
from pipelines.settings import load_settings

GIVEN = {
    "title": "核验", "about": ["grant a__b"], "purpose": "正当", "impact": "有限",
    "measures": "脱敏", "risk": "low", "assessed_by": "数据局", "assessed_on": date(2024, 2, 29),
    "valid_to": date(2026, 12, 31),
}  # fmt: skip


def written(tmp_path, **changed):
    file = tmp_path / "assessments.yml"
    text = yaml.safe_dump({"PIA-1": GIVEN | changed}, allow_unicode=True)
    file.write_text(text, encoding="utf-8")
    return read_assessments(tmp_path)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"impact": " "}, "PIA-1.impact"), ({"about": []}, "PIA-1.about"),
        ({"risk": "none"}, "PIA-1.risk"), ({"valid_to": date(2020, 1, 1)}, "PIA-1.valid_to"),
    ],
)  # fmt: skip
def test_an_assessment_that_says_too_little_is_refused(tmp_path, changed, field):
    with pytest.raises(DeclarationRefused) as refused:
        written(tmp_path, **changed)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("origin", "items", "named", "today", "why"),
    [
        ("grant a__b", ["姓名"], "PIA-1", date(2026, 6, 30), None),
        ("grant a__b", ["姓名"], "", date(2026, 6, 30), None),
        ("grant a__b", ["姓名"], "PIA-1", date(2027, 1, 1), "到期"),
        ("grant c__d", ["姓名"], "PIA-1", date(2026, 6, 30), "不是对它的评估"),
        ("grant c__d", ["姓名"], "PIA-9", date(2026, 6, 30), "没有 PIA-9"),
        ("grant c__d", ["姓名"], "", date(2026, 6, 30), "没有影响评估"),
        ("grant c__d", [], "", date(2026, 6, 30), None),
    ],
)
def test_what_handles_personal_items_needs_one_in_force(tmp_path, origin, items, named, today, why):
    known = written(tmp_path)
    found = list(unassessed([Processing(origin, "某局", items, named)], known, today))
    assert [why in reason for _, reason in found] == ([True] if why else [])
    table = assessment_table(known, found, today, {origin: "某项数据"})
    assert [row[2] for row in table.rows[1:]] == ["某项数据"] * len(found)
    assert table.rows[0][10] == "2027-03-01"  # three years after 29 February
    assert len(table.rows) == 1 + len(found)


def test_the_demo_citys_grants_are_assessed(tmp_path):
    settings = load_settings(home=tmp_path, today=date(2026, 6, 30))
    assert assessment_register(settings).missing == []
    personal = {each.origin: list(each.items) for each in processings(settings)}
    assert personal["grant housing_fund__loan_review"]


figures = st.builds(Figure, st.sampled_from(RANKED), st.floats(0, 1) | st.none(), st.just(1.0))


@given(st.dictionaries(st.sampled_from("甲乙丙"), st.lists(figures, max_size=5)))
def test_the_ranking_is_the_mean_of_what_there_is(by_department):
    ranked = rank(by_department)
    assert [each.score for each in ranked] == sorted((e.score for e in ranked), reverse=True)
    for each in ranked:
        known = [share for share in each.shares.values() if share is not None]
        assert each.score == pytest.approx(100 * sum(known) / len(known))
    last = {d: {f.number: f.part for f in mine} for d, mine in by_department.items()}
    known_of = {d for d, mine in last.items() if any(part is not None for part in mine.values())}
    assert {each.department for each in ranked} == known_of


def test_the_page_shows_formula_and_names_and_runs_nothing():
    ranked = rank({"<b>局": [Figure("E1", 1, 2), Figure("E5", 9_000, 100)]})
    board = Dashboard(
        "某市", "2026-06-30", 4, 3, {"人口库": 12}, 9, (0, 0), 7, 1, (1, 2), (0, 0),
        2, 5, (1, 3), ranked,
    )  # fmt: skip
    page = dashboard_page(board)
    assert dashboard_words("zh")["formula"] in page
    assert "<title>某市公共数据运行情况</title>" in page
    assert "&lt;b&gt;局" in page
    assert "<script" not in page
    assert "75.0%" in page
    assert f"{(50 + 90) / 2:.1f}" in page
    assert all(INDICATORS[number].name in page for number in RANKED)
    english = dashboard_page(board, "en")
    assert dashboard_words("en")["formula"] in english
    own_words = english.replace("某市", "").replace("&lt;b&gt;局", "").replace("人口库", "")
    assert not re.search("[\u4e00-\u9fff]", own_words.split("</style>")[1])
    assert dashboard_words("zh").keys() == dashboard_words("en").keys()
