"""Questions out to a spreadsheet and answers back in, as a steward works with it."""

from pathlib import Path
from shutil import copyfile

import pytest
from openpyxl import load_workbook
from steward_town import HEALTH, INSURANCE, PEOPLE, POLICE, answer, fill

from pipelines.extract.reader_process import ReaderCrashed
from pipelines.flows.steward.queue import queue
from pipelines.flows.steward.sheet import export_questions, import_answers
from pipelines.flows.steward.tray import take_tray
from pipelines.identity.review.errors import SheetUnreadable
from pipelines.warehouse.people.decisions import read_decisions
from tests.taboo_words import taboo_words

WANGS = ((HEALTH, "h1"), (HEALTH, "h2"), "potential_match", 0.7, "score")
ZHAOS = ((POLICE, "p3"), (HEALTH, "h4"), "potential_match", 0.9, "score")
FIRST, SECOND, THIRD = 2, 5, 8  # where the questions begin: each takes three rows
STRANGERS = ((POLICE, "p2"), (INSURANCE, "s2"), "conflict", None, "same_mobile")


@pytest.fixture(autouse=True)
def asked(town):
    town.ask(WANGS, ZHAOS, STRANGERS)


@pytest.fixture(scope="module")
def blank(town, tmp_path_factory) -> Path:
    """The sheet as it was before anybody answered."""
    town.ask(WANGS, ZHAOS, STRANGERS)
    path = tmp_path_factory.mktemp("sheet") / "questions.xlsx"
    assert export_questions(town.settings, "population", path) == 3
    return path


@pytest.fixture
def sheet(blank, tmp_path) -> Path:
    return copyfile(blank, tmp_path / "questions.xlsx")


def decided(warehouse) -> set[tuple[str, str]]:
    return {(d.pair.left.key, d.verdict) for d in read_decisions(warehouse, "population")}


def test_the_sheet_shows_both_records_their_differences_and_a_list_to_choose_from(sheet):
    page = load_workbook(sheet)["待判定"]
    place = {cell.value: cell.column for cell in page[1]}

    def column(title: str, first: int = 2) -> list[object]:
        return [page.cell(first + line, place[title]).value for line in range(3)]

    def colours(title: str) -> set[str]:
        return {page.cell(2 + line, place[title]).fill.fgColor.rgb for line in range(2)}

    assert column("记录") == ["甲", "乙", "差别"]
    assert column("来源与编号")[0].startswith("云州市卫生健康委员会《")
    assert column("姓名") == ["*伟", "*韦", "差一个字"]
    assert column("手机号码") == ["139****0001", "139****0001", None]
    assert column("出生日期")[:2] == ["***", "***"]
    assert column("出生日期")[2]  # how they differ
    assert column("公民身份号码")[0] == "1101*************9"
    assert (colours("姓名"), colours("手机号码")) == ({"FFFFF2CC"}, {"FFE2F0D9"})
    assert colours("出生日期") == {"FFF8CBAD"}
    assert column("为什么问")[0] == "综合比对，同一的可能性 70.0 %"
    assert "全库同名：甲的姓名 1 人，乙的姓名 1 人" in column("可知的情况")[0]
    text = " ".join(str(cell.value) for row in page for cell in row)
    assert not any(person["person_name"] in text for people in PEOPLE.values() for person in people)
    assert page.freeze_panes == f"{page.cell(1, place['来源与编号'] + 1).column_letter}2"
    choices = page.data_validations.dataValidation
    assert {choice.formula1 for choice in choices} == {'"同一,不同,无法判断"'}


def test_every_figure_of_sheet_and_page_is_that_of_the_ledger(town, sheet):
    """How many bear a name, how likely, how many questions: counted again from the records."""
    entity = town.entities()
    names = {row["source_key"]: row["person_name"] for rows in PEOPLE.values() for row in rows}
    bearers = {
        each: len({entity[key] for key, name in names.items() if name == each})
        for each in names.values()
    }
    head, *rows = load_workbook(sheet)["待判定"].iter_rows(values_only=True)
    at = {title: place for place, title in enumerate(head)}
    asked = [WANGS, ZHAOS, STRANGERS]
    assert len(rows) == 3 * len(asked)
    tray = {
        one.asked.question: one for one in take_tray(town.settings, "population", "李四").questions
    }
    told = set()
    for first in range(0, len(rows), 3):
        left, right, differ = rows[first : first + 3]
        page = tray[left[at["问题编号"]]]
        pair = page.asked.pair
        (known,) = [each for each in asked if {key for _, key in each[:2]} == {
            pair.left.key, pair.right.key}]  # fmt: skip
        told.add(known)
        mine, theirs = (bearers[names[side.key]] for side in pair)
        facts = left[at["可知的情况"]]
        same = names[pair.left.key] == names[pair.right.key]
        said = f"姓名相同的共 {mine} 人" if same else f"甲的姓名 {mine} 人，乙的姓名 {theirs} 人"
        assert said in facts
        if known[3] is not None:
            assert f"{100 * known[3]:.1f} %" in left[at["为什么问"]]
        # The page says the same.
        assert (page.facts.text, page.why) == (facts, left[at["为什么问"]])
        for title, here, there, _, how in page.rows:
            shown = tuple(row[at[title]] or "" for row in (left, right, differ))
            assert shown == (here, there, how), title
        assert taboo_words(f"{facts}{page.why}") == []
    assert told == set(asked)


def test_a_preview_writes_nothing_and_applying_writes_what_it_said(town, baselib, sheet, warehouse):
    filled = fill(sheet, {FIRST: answer("同一"), SECOND: answer("无法判断")})
    preview = baselib("identity", "import", filled, "--by", "张三")
    assert "3 rows = 2 accepted + 1 unanswered + 0 refused" in preview
    assert "nothing was written" in preview
    assert decided(warehouse) == set()
    applied = baselib("identity", "import", filled, "--by", "张三", "--apply")
    assert preview.splitlines()[0] == applied.splitlines()[0]
    assert decided(warehouse) == {("h1", "same"), ("h4", "cannot_tell")}
    assert [each.pair.left.key for each in queue(town.settings, "population")] == ["s2"]
    again = baselib("identity", "import", filled, "--by", "李四", "--apply")
    assert "3 rows = 0 accepted + 1 unanswered + 2 refused (2 already decided)" in again


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (answer("也许"), "malformed"),
        (answer("同一", ""), "malformed"),
        ({**answer("同一"), "问题编号": "PQ-0"}, "malformed"),
        ({**answer("同一"), "用途": "audit"}, "malformed"),
        ({**answer("同一"), "校验码": ""}, "malformed"),
    ],
)
def test_a_row_that_is_no_answer_is_refused_with_its_reason(town, sheet, cells, kind):
    done = import_answers(town.settings, fill(sheet, {THIRD: cells}), by="张三", apply=True)
    assert [(row.line, row.kind) for row in done.refused] == [(THIRD, kind)]
    assert done.rows == len(done.accepted) + done.unanswered + len(done.refused) == 3


def test_one_question_twice_in_a_sheet_is_answered_once(town, sheet):
    book = load_workbook(sheet)
    page = book["待判定"]
    page.append([cell.value for cell in page[THIRD]])
    book.save(sheet)
    filled = fill(sheet, {THIRD: answer("同一"), THIRD + 3: answer("不同")})
    done = import_answers(town.settings, filled, by="张三")
    assert len(done.accepted) == 1
    assert [(row.line, row.kind) for row in done.refused] == [(THIRD + 3, "already decided")]


def test_rows_whose_records_changed_since_are_stale(town, sheet):
    changed = [{**row, "mobile": "13911111111"} for row in PEOPLE[INSURANCE]]
    town.stage("population", {INSURANCE: changed})
    town.build("20260701", ["population"])
    try:
        town.ask(WANGS, ZHAOS, STRANGERS)
        done = import_answers(town.settings, fill(sheet, {THIRD: answer("不同")}), by="张三")
        assert [(row.line, row.kind) for row in done.refused] == [(THIRD, "stale")]
    finally:
        town.stage("population", {INSURANCE: PEOPLE[INSURANCE]})
        town.build("20260702", ["population"])


def test_a_second_opinion_is_asked_for_without_the_first(town, baselib, sheet, tmp_path, warehouse):
    path = tmp_path / "second.xlsx"
    said = baselib(*("identity", "export", "population", "--to", path, "--second-opinion", "100%"))
    assert "2 questions" in said  # those that the test above answered
    page = load_workbook(path)["待判定"]
    text = " ".join(str(cell.value) for row in page for cell in row)
    assert "张三" not in text
    assert "看过档案" not in text
    titles = [cell.value for cell in page[1]]
    # questions are sorted by their names, which are keyed by the site's secret
    wangs = FIRST if page[FIRST][titles.index("姓名")].value == "*伟" else SECOND
    others = FIRST + SECOND - wangs
    filled = fill(path, {wangs: answer("不同", "不是同一人"), others: answer("无法判断")})
    mine = baselib("identity", "import", filled, "--by", "张三", "--apply")
    assert "2 refused" in mine
    other = baselib("identity", "import", filled, "--by", "李四", "--apply")
    assert "2 accepted" in other
    waiting = {each.pair.left.key for each in queue(town.settings, "population")}
    assert "h1" in waiting  # they disagree
    assert "h4" not in waiting  # neither can tell
    assert len(read_decisions(warehouse, "population")) == 4


def test_what_is_no_sheet_is_refused(town, tmp_path):
    path = tmp_path / "other.xlsx"
    path.write_bytes(b"nothing")
    with pytest.raises(SheetUnreadable, match=r"other\.xlsx"):
        import_answers(town.settings, path, by="张三")


def test_a_sheet_that_needs_too_much_memory_is_refused(town, tmp_path, monkeypatch):
    def dies(call):
        raise ReaderCrashed("SIGKILL", by_memory=True)

    monkeypatch.setattr("pipelines.extract.returned.guarded_workbook.call_apart", dies)
    bomb = tmp_path / "bomb.xlsx"
    bomb.write_bytes(b"PK\x03\x04")
    with pytest.raises(SheetUnreadable, match="内存超出"):
        import_answers(town.settings, bomb, by="张三")
