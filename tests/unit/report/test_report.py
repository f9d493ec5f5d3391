"""The report says what happened, escapes what it quotes and orders by what to repair first."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts.source import Owner, Reporting, SourceColumn
from pipelines.report.codes import named_code
from pipelines.report.owner.charts import _canvas, draw_findings
from pipelines.report.owner.model import (
    AttachedFile,
    Dimension,
    Example,
    FailedExpectation,
    Repairs,
    Report,
    Score,
    column_title,
)
from pipelines.report.owner.render import draw_charts, percent, render, render_rest, subject
from pipelines.report.words import vocabulary
from pipelines.standards.rules import load_rules

KEEPS_A_MAIL = {
    "html", "head", "meta", "title", "body", "div", "table", "tr", "td", "th", "span", "b", "br",
    "h1", "h2", "img",
}  # fmt: skip


class Page(HTMLParser):
    """What a mail client would make of the page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self.images, self.addresses, self.handlers = [], [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        given = dict(attrs)
        if tag == "img":
            self.images.append(given)
        self.addresses += [v for k, v in attrs if k in {"src", "href", "background", "action"}]
        self.handlers += [k for k in given if k.startswith("on") or k in {"class", "id"}]

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self):
        return "".join(self.text)


def rendered(report, charts=None):
    return render(report, charts or {})


def test_lost_and_mistaken_records_come_first_and_what_was_converted_last(build):
    groups = build.told(
        [("citizen_id", "SEQ_000", 900, 5), ("citizen_id", "CHECK_DIGIT", 7, 7),
         ("citizen_id", "UPGRADED_FROM_15", 900, 900), (None, "NO_KEY", 5, 5),
         ("person_name", "LENGTH", 5, 5), ("person_name", "TWO_PEOPLE", 6, 6)]
    ).groups  # fmt: skip
    assert [(group.rule.code, group.harm) for group in groups] == [
        ("NO_KEY", "lost"),
        ("CHECK_DIGIT", "mistaken"),  # an unusable identity number
        ("TWO_PEOPLE", "unusable"),
        ("LENGTH", "unusable"),
        ("SEQ_000", "doubtful"),
        ("UPGRADED_FROM_15", "converted"),  # although it affects most
    ]
    assert [group.column_title for group in groups][:2] == ["", "公民身份号码"]
    assert groups[1].share == pytest.approx(0.007)


def test_what_became_better_and_worse_is_told(build):
    told = build.told(
        [("citizen_id", "CHECK_DIGIT", 300, 300), ("person_name", "LENGTH", 10, 10)],
        before={
            ("citizen_id", "CHECK_DIGIT"): 0.1,
            ("person_name", "LENGTH"): 0.0101,
            (None, "NO_KEY"): 0.2,
        },
        against="20260629",
    )
    assert [group.rule.code for group in told.worse] == ["CHECK_DIGIT"]
    assert [(group.rule.code, group.rows) for group in told.better] == [("NO_KEY", 0)]
    assert [group.rule.code for group in told.own] == ["CHECK_DIGIT", "LENGTH"]  # gone: not told
    page = rendered(build.report(told))
    for body in (page.text, Page(page.html).words):
        assert "10.00% → 30.00%" in " ".join(body.split())
        assert "20.00% → 0.00%" in " ".join(body.split())


ANYTHING = st.text(min_size=1, max_size=60).filter(lambda text: text.strip() and "\x00" not in text)
HOSTILE = st.sampled_from(
    ["<script>alert(1)</script>", '"><img src=http://thief/x>', "</td></table>", "{{ 7*7 }}",
     "&amp;", "' onerror='x", "<b>", "\u202e", "]]>", "<!--"]
)  # fmt: skip


def test_what_a_mask_leaves_nothing_of_is_told_by_how_it_differs(build):
    differs = [("person_name", "DISAGREES_WITH_AUTHORITY", 1, 1)]
    key = differs[0][:2]
    other = "示范市民政局《婚姻登记》"
    shown = {key: [Example("a.csv 第 2 行", "***", other, "***", "年月同、日不同")]}
    mail = rendered(build.report(build.told(differs, shown)))
    for body in (mail.text, Page(mail.html).words):
        assert f"{other}登记不一致（年月同、日不同）" in body
        assert "***" not in body
    # A fact of another register that contradicts is no other value of the same.
    fact = [("person_name", "MARRIED_UNDER_AGE", 1, 1, True)]
    shown = {fact[0][:2]: [Example("a.csv 第 2 行", "2006-04-27", other, "***")]}
    mail = rendered(build.report(build.told(fact, shown)))
    for body in (mail.text, Page(mail.html).words):
        assert f"{other}（内容已脱敏）" in body


def test_a_code_that_differs_is_told_with_its_name():
    assert named_code("2", "sex_code") == "2 女性"
    assert named_code("2", "sex_code", "en") == "2"
    assert [named_code(each, "sex_code") for each in ("女", "7", "***", "")] == [
        "女", "7", "***", "",
    ]  # fmt: skip
    assert named_code("110101", "region_code") == "110101", "thousands of names are no help"


def test_what_earlier_batches_delivered_is_no_share_of_this_one(build):
    differs = [("person_name", "DISAGREES_WITH_AUTHORITY", 4, 4, True, 4)]
    told = build.told(differs)
    assert told.groups[0].share == 0
    mail = rendered(build.report(told))
    for body in (mail.text, Page(mail.html).words):
        assert "4 行（4 行在以往批次报送）" in body


@settings(deadline=None)
@given(value=ANYTHING | HOSTILE, name=ANYTHING | HOSTILE)
def test_whatever_is_quoted_stays_text(build, value, name):
    shown = {("citizen_id", "CHECK_DIGIT"): [Example(name, value, name, value)]}
    quoting = build.told([("citizen_id", "CHECK_DIGIT", 1, 1)], shown, remarks=[value])
    plain = build.told(
        [("citizen_id", "CHECK_DIGIT", 1, 1)],
        {("citizen_id", "CHECK_DIGIT"): [Example("a", "b", "c", "d")]},
        remarks=["e"],
    )
    with_it, without = (Page(rendered(build.report(each)).html) for each in (quoting, plain))
    assert with_it.tags == without.tags
    assert with_it.addresses == without.addresses == []
    normal = value.replace("\r\n", "\n").replace("\r", "\n")
    assert normal in with_it.words.replace("\r\n", "\n").replace("\r", "\n")


def test_pictures_travel_with_the_mail_and_nothing_is_fetched(build, cache):
    report = build.report(build.full())
    mail = render(report, draw_charts(report, cache))
    page = Page(mail.html)
    cids = {f"cid:{cid}" for cid, _ in mail.pictures}
    assert len(cids) == 3
    assert max(len(f"Content-ID: <{cid}>") for cid, _ in mail.pictures) <= 76  # in one line
    assert {image["src"] for image in page.images} == cids == set(page.addresses)
    assert all(len(image["alt"]) > 10 and image["width"] for image in page.images)
    assert all(png.startswith(b"\x89PNG") for _, png in mail.pictures)
    assert not re.search(r"url\(|@import|https?:|//", mail.html.replace("<!DOCTYPE", ""))
    assert set(page.tags) <= KEEPS_A_MAIL
    assert page.handlers == []  # styles are inline: clients drop classes


def test_the_alternative_text_says_what_the_picture_shows(build, cache):
    report = build.report(build.full())
    alts = [chart.alt for chart in draw_charts(report, cache)[report.sources[0].source.name]]
    assert any("06-29 91.9" in alt and "06-30 91.5" in alt for alt in alts)
    assert any("准确性 88.0" in alt and "可访问性 不适用" in alt for alt in alts)
    assert any("1 整行：该行没有主键" in alt and "2 公民身份号码：" in alt for alt in alts)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_label_of_a_chart_is_cut_off(build, cache, language):
    """Whatever problem is the commonest, its words fit the picture."""
    rules = [rule for rule, its in load_rules().items() if its.severity != "info"]
    for at in range(0, len(rules), 6):
        some = [("person_name", rule, 3, 3) for rule in rules[at : at + 6]]
        drawn = build.told(some).groups
        draw_findings(
            cache, drawn, name="f", title="t", words=vocabulary(language).words, language=language
        )
        figure = _canvas(cache)
        renderer, edge = figure.canvas.get_renderer(), figure.bbox.width
        for each in figure.axes[0].texts:
            assert each.get_window_extent(renderer).x1 <= edge, each.get_text()


def test_text_and_html_tell_the_same(build, cache):
    report = build.report(
        build.full(failed=(FailedExpectation("主键必须唯一", "warning", ["3 行重复"]),)),
        contact="数据质量科 010-1",
        files=[AttachedFile("户籍.xlsx", 3, 1)],
    )
    mail = render(report, draw_charts(report, cache))
    facts = [
        "980", "91.5", "主键必须唯一", "3 行重复", "公民身份号码", "新增列：备注",
        "21", "33", "示范市民政局《婚姻登记》", "李*", "户籍.csv", "1101*************1",
        "数据质量科 010-1", "户籍.xlsx", "GB 11643", "第二十六条", "其他问题",
            "与其他数据比对发现的问题",
        "2026-05", "701", "702", "703", "704", "705", "706", "707", "3.3", "2026-06", "708",
    ]  # fmt: skip
    for body in (mail.text, Page(mail.html).words):
        assert [fact for fact in facts if fact not in body] == []


def test_a_stopped_batch_is_told_by_its_files_and_what_was_demanded(build):
    failed = (FailedExpectation("行数不得少于一半", "critical", ["实际 0 行，下限 5 行"]),)
    score = Score(91.5, "B", [("20260629", 90.2), ("20260630", 91.5)])
    mail = rendered(build.report(build.told(failed=failed, files=["户籍.csv"], score=score)))
    for body in (mail.text, Page(mail.html).words):
        assert "本批文件：户籍.csv（1,000 行）" in body
        assert "实际 0 行，下限 5 行" in body
        assert "整批重新报送" in body
        assert "91.5" not in body, "a delivery that was returned has no score"
        assert "感谢" not in body
    assert "91.5" not in mail.subject
    passed = rendered(build.report(build.told(files=["户籍.csv"])))
    assert "本批文件" not in passed.text


def test_who_has_nothing_to_do_is_asked_for_nothing(build):
    clean, faulty = build.told(), build.told([("citizen_id", "CHECK_DIGIT", 1, 1)])
    for each, asks in ((clean, False), (faulty, True)):
        mail = rendered(build.report(each))
        for body in (mail.text, Page(mail.html).words):
            assert ("第二十六条" in body) is asks
            assert ("本期无需处理" in body) is not asks


def test_an_unknown_code_names_the_codes_that_may_be_written(build):
    columns = (SourceColumn("marital_code", "HYZK", "marital_code"),)
    (group,) = build.told(
        [("marital_code", "UNKNOWN_CODE", 1, 1)], source=build.source(columns=columns)
    ).groups
    assert group.column_title == "婚姻状况代码（HYZK）"
    assert group.repair.startswith("请填写：10 未婚、20 已婚、21 初婚")
    region = SourceColumn("region_code", "QH", "region_code")
    (group,) = build.told(
        [("region_code", "UNKNOWN_CODE", 1, 1)], source=build.source(columns=(region,))
    ).groups
    named = "请填写“行政区划代码（QH）”的标准代码（GB/T 2260-2007）。"
    assert group.repair == named, "thousands of codes are no answer"
    people = SourceColumn("ethnicity_code", "MZ", "ethnicity_code")
    (group,) = build.told(
        [("ethnicity_code", "UNKNOWN_CODE", 1, 1)], source=build.source(columns=(people,))
    ).groups
    assert group.repair.startswith("请填写：01 汉族、02 蒙古族")
    assert group.repair.endswith("个代码，全部代码见工作簿“使用说明”页。")


def test_a_whole_row_is_not_told_as_empty(build):
    found = [(None, "NO_KEY", 1, 1), ("citizen_id", "MISSING_REQUIRED", 1, 1)]
    shown = {each[:2]: [Example("户籍.csv 第 7 行", None)] for each in found}
    mail = rendered(build.report(build.told(found, shown)))
    for body in (mail.text, Page(mail.html).words):
        assert (body.count("（整行）"), body.count("（空）")) == (1, 1)


def test_a_report_says_what_its_problems_are(build):
    mail = rendered(build.report(build.full()))  # 12 + 15 + 8 of its own, 3 between departments
    for body in (mail.text, Page(mail.html).words):
        assert "与其他数据比对发现的 3 处" in body
    assert "问题 38；" in mail.text
    assert "不一致的" not in rendered(build.report(build.told())).text


def test_nothing_is_cut_silently(build):
    page = Page(rendered(build.report(build.full())).html).words
    for place in range(1, 11):
        assert f"{place}. " in page  # eight in full, the others in one line each


@pytest.mark.parametrize(
    ("found", "changes", "news"),
    [
        ([], {}, "未发现问题"),
        ([("citizen_id", "CHECK_DIGIT", 12345, 9)], {}, "发现问题 12,345 处"),
        ([], {"failed": (FailedExpectation("x", "critical", ["3"]),)}, "未通过质量校验"),
        ([("citizen_id", "CHECK_DIGIT", 1, 1)],
         {"failed": (FailedExpectation("x", "warning", ["3"]),)}, "：发现问题 1 处"),
        ([], {"score": Score(91.5, "B", before=90.2)},
         "评分 91.5（↑1.3）"),
        ([], {"score": Score(91.5, "B", before=91.9)},
         "评分 91.5（↓0.4）"),
        ([], {"repairs": Repairs(21, 0, 0, 0, 0, 0)}, "已修复 21 处"),
    ],
)  # fmt: skip
def test_the_subject_says_the_news(build, found, changes, news):
    assert news in subject(build.report(build.told(found, **changes)))


def test_a_digest_lists_every_source_and_those_that_sent_nothing(build):
    other = build.source("civil_affairs__marriages", title="结婚登记")
    late = build.source("civil_affairs__deaths", title="殡葬登记")
    told = [build.told([("citizen_id", "CHECK_DIGIT", 4, 4)]), build.told(source=other)]
    report = build.report(
        *told,
        period="weekly",
        since=build.day(2026, 6, 22),
        until=build.day(2026, 6, 28),
        waiting=[late],
    )
    mail = rendered(report)
    assert mail.subject.startswith("【数据质量周报】示范市公安局 2 个数据集：发现问题 4 处")
    for body in (mail.text, Page(mail.html).words):
        for fact in ("户籍人口登记", "结婚登记", "殡葬登记", "本期未收到新数据"):
            assert fact in body
    assert "2026-06-22 至 2026-06-28" in Page(mail.html).words


def test_the_mails_of_one_report_say_which_they_are(build):
    files = [AttachedFile("一.xlsx", 100, 1), AttachedFile("二.xlsx", 50, 2)]
    report = build.report(files=files, mails=2)
    first, second = rendered(report), render_rest(report, 2)
    assert first.subject.endswith("(1/2)")
    assert second.subject.endswith("(2/2)")
    assert "二.xlsx" in first.text
    assert "第 2 封" in Page(first.html).words
    assert "二.xlsx" in second.text
    assert "一.xlsx" not in Page(second.html).words


def test_a_contract_may_ask_for_english(build):
    source = build.source(reporting=Reporting(language="en"), title="Households")
    told = build.told([("citizen_id", "CHECK_DIGIT", 4, 4)], build.shown, source=source)
    report = build.report(told, language="en", contact="data office")
    mail = rendered(report)
    assert mail.subject.startswith("[Data quality, report] Households 20260630: 4 problem(s)")
    words = Page(mail.html).words
    assert "Problems to repair" in words
    assert told.groups[0].rule.en in words
    assert "Questions: data office" in words


CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


def test_an_english_mail_has_no_chinese_but_names_of_the_data(build, cache):
    """The names are English here, so that whatever is Chinese comes from the report."""
    owner = Owner("Public Security Bureau", "Households", ("owner@example.gov.cn",))
    source = build.source(
        reporting=Reporting(language="en"), title="Households", owner=owner,
        columns=(SourceColumn("citizen_id", "id"), SourceColumn("person_name", "name")),
    )  # fmt: skip
    shown = {key: [Example("file.csv line 7", "1101****1")] for key in build.shown}
    score = Score(
        91.5,
        "B",
        history=[("20260629", 91.9), ("20260630", 91.5)],
        before=91.9,
        dimensions=[Dimension("Accuracy", 88.0, 86.0), Dimension("Accessibility", None)],
    )
    full = build.full(source=source, shown=shown, remarks=(), score=score)
    every = [("citizen_id", rule, 1, 1) for rule in load_rules()]
    told = build.told(every, shown, source=source, locked=True)
    for section in (full, told):
        files = [AttachedFile("a.xlsx", 2, 1), AttachedFile("b.xlsx", 2, 2)]
        report = build.report(section, language="en", files=files, mails=2)
        charts = draw_charts(report, cache)
        mail, rest = render(report, charts), render_rest(report, 2)
        bodies = [each for one in (mail, rest) for each in (one.subject, one.text, one.html)]
        assert CHINESE.findall("".join(bodies)) == []


def test_every_language_has_every_word():
    chinese, english = vocabulary("zh"), vocabulary("en")
    assert chinese.words.keys() == english.words.keys()
    assert len(chinese.guide) == len(english.guide)


@pytest.mark.parametrize(
    ("share", "shown"), [(0, "0.00%"), (0.00001, "<0.01%"), (0.99999, ">99.99%"), (0.125, "12.50%")]
)
def test_a_share_is_never_rounded_to_none_or_all(share, shown):
    assert percent(share) == shown


def test_a_report_without_sections_has_no_problems(build):
    assert Report(build.source().owner, ()).problems == 0


def test_an_abbreviated_column_is_explained_and_a_plain_one_is_not(build):
    columns = (
        SourceColumn("birth_date", "CSRQ", "birth_date", title="CSRQ"),
        SourceColumn("person_name", "姓名", "person_name", title="姓名"),
        SourceColumn("remark", "BZ", None, title="备注"),
        SourceColumn("spare", "BY1", None, title="BY1"),
    )
    source = build.source(columns=columns)
    titles = [column_title(source, each.name) for each in columns]
    assert titles == ["出生日期（CSRQ）", "姓名", "备注（BZ）", "BY1"]
    assert column_title(source, None) == ""
    assert column_title(source, "a_golden_column") == "a_golden_column"
