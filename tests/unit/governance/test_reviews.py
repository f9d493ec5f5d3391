"""Life cycle of catalogue entries: order of steps, assessments, clocks, what is published."""

import shutil
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import DeclarationRefused
from pipelines.flows.governance.catalogue import derive_catalogue, publish_catalogue
from pipelines.flows.governance.reviews import (
    notice_changes,
    review_entry,
    review_states,
    review_table,
)
from pipelines.governance.duties import LIMITS, judge_duties
from pipelines.governance.resources.reviews import (
    STEPS,
    Review,
    ReviewRefused,
    append_reviews,
    check_step,
    duties_of_reviews,
    read_reviews,
    state_of,
)
from pipelines.governance.yearly import YearlyTask, duties_of_years
from pipelines.settings import PROJECT, load_settings
from pipelines.standards.working_days import load_working_calendar

STUDENTS = "source education__students"
WAY = ("submit", "register", "request", "approve")


@pytest.fixture
def site(tmp_path):
    """A site that publishes what was approved, and no more."""
    shutil.copytree(PROJECT / "governance", tmp_path / "governance")
    shutil.copytree(PROJECT / "sources", tmp_path / "sources")
    file = tmp_path / "governance/catalogue.yml"
    file.write_text(file.read_text("utf-8") + "\nreview: true\n", encoding="utf-8")
    return load_settings(
        home=tmp_path / "home",
        sources=[tmp_path / "sources"],
        governance=tmp_path / "governance",
        today=date(2026, 6, 30),
    )


def go(site, *steps, origin=STUDENTS):
    for step in steps:
        review_entry(
            site, step, origin, by="李科长", note="同意", secrecy="密评 1", privacy="PIA-1"
        )


def rename(site, new):
    file = site.sources[0] / "population/education__students.yml"
    text = file.read_text(encoding="utf-8").replace("name: 在校学生学籍", f"name: {new}")
    file.write_text(text, encoding="utf-8")


def test_an_entry_is_published_when_it_is_approved_and_as_it_was_approved(site):
    assert derive_catalogue(site).entries == []
    assert len(notice_changes(site)) == len(derive_catalogue(site).derived)
    assert notice_changes(site) == []
    go(site, *WAY)
    (entry,) = derive_catalogue(site).entries
    assert (entry.origin, entry.name) == (STUDENTS, "在校学生学籍")
    publish_catalogue(site)

    rename(site, "中小学学生学籍")
    assert [each.name for each in derive_catalogue(site).entries] == ["在校学生学籍"]
    assert [each.origin for each in notice_changes(site)] == [STUDENTS]
    go(site, *WAY)
    assert [each.name for each in derive_catalogue(site).entries] == ["中小学学生学籍"]
    go(site, "unpublish")
    assert derive_catalogue(site).entries == []


def test_what_changes_while_it_waits_has_to_be_submitted_again(site):
    go(site, "submit")
    rename(site, "中小学学生学籍")
    with pytest.raises(ReviewRefused, match="changed since"):
        go(site, "register")
    go(site, "return", "submit", "register")
    table = review_table(review_states(site), "2026-06-30")
    assert [row[3:5] for row in table.rows if row[2] == STUDENTS] == [("已登记", "register")]


@pytest.mark.parametrize(
    ("step", "without", "told"),
    [
        ("submit", "secrecy", "assessments"),
        ("submit", "privacy", "assessments"),
        ("submit", "by", "signs"),
        ("approve", "", "draft"),
        ("publish", "", "no step"),
    ],
)
def test_a_step_out_of_order_or_without_its_papers_is_refused(site, step, without, told):
    given_ = {"by": "李", "note": "好", "secrecy": "1", "privacy": "2"} | {without: ""}
    given_.pop("", None)
    with pytest.raises(ReviewRefused, match=told):
        review_entry(site, step, STUDENTS, **given_)
    assert read_reviews(site.governance) == []


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from("ab")), max_size=14))
def test_nothing_is_approved_that_was_not_submitted_and_registered_just_so(steps):
    done = []
    for step, digest in steps:
        review = Review("source x", step, "2026-06-30", "李", digest, "因", "密", "个")
        try:
            check_step(review, done)
        except ReviewRefused:
            continue
        done.append(review)
    taken = [(each.step, each.digest) for each in done]
    for place, (step, digest) in enumerate(taken):
        if step == "approve":
            assert taken[place - 3 : place] == [(each, digest) for each in WAY[:3]]


def test_updates_and_reviews_have_their_clocks(good):
    entry = good(origin="source x", provider="教育局")
    told = [
        ("notice", "2026-10-30"), ("extend", "2026-11-09"), ("submit", "2026-11-18"),
        ("return", "2026-11-23"), ("submit", "2026-11-24"),
    ]  # fmt: skip
    reviews = [Review("source x", step, day, "李", "a", "因", "1", "1") for step, day in told]
    duties = list(duties_of_reviews(reviews, [entry], "数据局"))
    limits = {kind: limit.days for kind, limit in LIMITS.items()}
    judged = judge_duties(duties, limits, date(2026, 11, 27), load_working_calendar())
    assert [(each.duty.kind, each.due.day, each.state) for each in judged] == [
        ("catalogue_update", 20, "done"),  # 15 working days with consent
        ("catalogue_review", 20, "late_done"),
        ("catalogue_review", 26, "late"),
    ]
    assert [each.duty.texts["department"] for each in judged] == ["教育局", "数据局", "数据局"]


def test_a_task_of_the_year_is_late_after_its_day_until_it_is_done():
    task = YearlyTask("年度报告", "数据局", "02-28", 2026, [date(2026, 2, 20)])
    limits = {kind: limit.days for kind, limit in LIMITS.items()}

    def states(today):
        duties = list(duties_of_years([task], today))
        return [e.state for e in judge_duties(duties, limits, today, load_working_calendar())]

    assert states(date(2026, 6, 30)) == ["done"]
    late = [YearlyTask("年度报告", "数据局", "02-30", 2026)]
    (duty,) = duties_of_years(late, date(2026, 3, 2))
    assert duty.due == date(2026, 2, 28)
    (judged,) = judge_duties([duty], limits, date(2026, 3, 2), load_working_calendar())
    assert judged.state == "late"


def test_a_ledger_of_steps_that_was_tampered_with_is_refused(tmp_path):
    append_reviews(tmp_path, [Review("source x", "approve", "2026-06-30", "李", "a")])
    with pytest.raises(DeclarationRefused, match="line 2"):
        read_reviews(tmp_path)
    assert state_of("source x", []) == "draft"
