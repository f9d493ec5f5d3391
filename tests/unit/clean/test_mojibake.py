"""Text that was read in a wrong encoding before it was delivered: found, and repaired if exact."""

from datetime import date
from itertools import cycle

import ibis
import pytest
from cleaning_laws import LAW
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clean import contact, names, text
from pipelines.clean.parsing.parser import ColumnToParse, parse_columns
from pipelines.engines import kept_sql
from pipelines.engines.texts import parsed_texts
from pipelines.standards.rules import severities

AS_OF = date(2026, 6, 30)
PARSERS = {
    "person_name": names.person_name(), "organization_name": names.organization_name(),
    "address": contact.address(), "text": text.text(),
}  # fmt: skip
FOUND = {"MOJIBAKE", "MOJIBAKE_REPAIRED"}
# Given names and words of addresses that nobody has to be told are Chinese.
NAMES = [
    "钱多多", "邹若楠", "许志远", "孟庆", "施小雨", "龚自清", "李喆", "王玥", "欧阳文忠",
    "买买提·吐尔逊", "阿依古丽·艾合买提",
]  # fmt: skip
ADDRESSES = [
    "云州市南湖区桂花巷18号", "示范省云州市东湖区长青街道明月路5号6栋106室",
    "云州市西山区（原东风农场）三队", "云州市高新区软件大道99号B座1205",
    "云州市（东湖）区长青街道", "东湖，长青",
]  # fmt: skip
# Rare and right: characters outside GB 2312, traditional ones, names in Latin letters, marks.
RIGHT = [
    "朱镕基", "陶喆", "濮存昕", "璩美凤", "琚明", "李锟", "王锟杰", "李玥珺", "王玥", "玥玥",
    "㛃青", "䶮岩", "𠮷野明", "赟翀", "淼鑫", "犇犇", "张堃昇", "頔翾", "祎玮", "陳國華", "張鎮宇",
    "鄧麗蓉", "龔雲鵬", "買買提·吐爾遜", "古丽巴哈尔·阿不都热依木", "扎西·多吉", "ئابدۇرېھىم",
    "Müller", "François Éluard", "Ångström Øre", "Þórður Æðarsson", "José Ñáñez", "Łukasz Żółć",
    "São João", "Jäääär", "D'Artagnan", "Zoë", "NÃO", "のり屋", "α粒子", "Ⅲ期", "锘康生物",
    "数据拷贝中心", "25°C±2°C", "“Café”…", "示範縣雲州市東湖區長青街鎮東路12號", "鎮江",
    "1号楼——2号楼……", "3×A×B", "½×½", "（中国）有限公司", "№1·2",
]  # fmt: skip
WAYS = {
    "UTF-8 read as GBK": ("utf-8", "gbk"), "UTF-8 read as GB 18030": ("utf-8", "gb18030"),
    "GBK read as Latin-1": ("gbk", "latin-1"), "UTF-8 read as Latin-1": ("utf-8", "latin-1"),
    "GBK read as Windows-1252": ("gbk", "cp1252"),
    "UTF-8 read as Windows-1252": ("utf-8", "cp1252"),
}  # fmt: skip
WORDS = [
    "锟斤拷", "苏锟斤拷", "云州市锟斤拷锟斤拷锟街碉拷12号", "斤拷锟斤拷", "ï¿½ï¿½ï¿½", "烫烫烫",
    "屯屯屯屯", "锘挎柟锟斤拷", "嚙踝蕭嚙踝蕭",
]  # fmt: skip


@pytest.fixture(scope="module")
def con():
    return kept_sql.connect(threads=1)


def outcomes(con, element, texts):
    """Value and rules of each text, by the way that staging takes."""
    table = ibis.memtable(
        {"n": list(range(len(texts))), "delivered": list(texts)},
        schema=ibis.schema({"n": "int64", "delivered": "string"}),
    )
    columns = [ColumnToParse("x", "delivered", PARSERS[element])]
    with parsed_texts(con, table, columns, AS_OF) as parsed:
        made = parse_columns(table, columns, AS_OF, severities(), parsed).order_by("n")
        rows = con.to_pyarrow(made).to_pylist()
    return [(row["x"], {finding["rule"] for finding in row["findings"]}) for row in rows]


def misread(words, way, errors="replace"):
    encoding, seen_as = WAYS[way]
    return words.encode(encoding).decode(seen_as, errors)


@pytest.mark.parametrize("element", PARSERS)
def test_what_was_misread_is_never_staged_as_it_came(con, element):
    texts = [each for each in NAMES + ADDRESSES if element != "person_name" or len(each) < 12]
    wrong = [misread(each, way) for way in WAYS for each in texts]
    for now, (value, rules) in zip(wrong, outcomes(con, element, wrong), strict=True):
        assert rules & FOUND, (now, value)
        assert value is None or value != now
        assert ("MOJIBAKE" in rules) <= (value is None)


def test_what_was_misread_without_a_loss_is_what_it_was(con):
    wrong = {misread(each, way): each for way in WAYS for each in NAMES + ADDRESSES}
    whole = {now: was for now, was in wrong.items() if "\ufffd" not in now}
    values = [value for value, _ in outcomes(con, "text", list(whole))]
    plain = str.maketrans("（），", "(),")  # the parser of text writes marks so
    assert values == [was.translate(plain) for was in whole.values()]


def test_big5_read_as_gbk_is_found_by_what_reads_better(con):
    texts = ["林淑芬", "示範縣雲州市東湖區長青街鎮東路12號", "台北縣板橋市中山路一段161號"]
    wrong = [each.encode("big5").decode("gb18030") for each in texts]
    assert outcomes(con, "text", wrong) == [(each, {"MOJIBAKE_REPAIRED"}) for each in texts]
    lost = [each.encode("big5").decode("gbk", "replace") for each in texts[1:]]
    assert [value for value, _ in outcomes(con, "address", lost)] == [None] * len(lost)


def test_big5_read_as_latin_1_is_not_repaired_into_gbk(con):
    wrong = "陳國華".encode("big5").decode("latin-1")
    assert outcomes(con, "text", [wrong]) == [(None, {"MOJIBAKE"})]


@pytest.mark.parametrize("element", ["person_name", "text"])
def test_what_replacements_and_empty_memory_look_like(con, element):
    assert outcomes(con, element, WORDS) == [(None, {"MOJIBAKE"})] * len(WORDS)


def test_a_text_that_was_misread_twice_is_no_value(con):
    once = misread("云州市南湖区桂花巷18号院", "UTF-8 read as GB 18030")
    twice = misread(once, "UTF-8 read as GB 18030")
    assert outcomes(con, "text", [twice]) == [(None, {"MOJIBAKE"})]


@pytest.mark.parametrize("element", ["person_name", "text"])
def test_what_is_rare_and_right_is_not_accused(con, element):
    for right, (_, rules) in zip(RIGHT, outcomes(con, element, RIGHT), strict=True):
        assert not rules & FOUND, right


def _characters(first, last):
    pairs = (bytes([a, b]) for a in range(first, last) for b in range(0xA1, 0xFF))
    return [each.decode("gb2312", "ignore") for each in pairs if each.decode("gb2312", "ignore")]


usual = st.sampled_from(_characters(0xB0, 0xD8))
rare = st.sampled_from(_characters(0xD8, 0xF8))
surname = st.sampled_from("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗")
given_name = st.one_of(usual, usual, usual, rare)
persons = st.builds(lambda a, b, c: a + b + c, surname, given_name, st.one_of(st.just(""), usual))
places = st.text(usual, min_size=6, max_size=24)


@LAW
@given(st.lists(st.one_of(persons, places), min_size=5, max_size=40))
def test_no_text_of_usual_characters_is_accused(con, texts):
    for each, (value, rules) in zip(texts, outcomes(con, "text", texts), strict=True):
        assert not rules & FOUND, (each, value)


@LAW
@given(st.lists(places, min_size=5, max_size=10))
def test_no_misread_text_of_usual_characters_gets_through(con, texts):
    texts = [each for each in texts for _ in WAYS]
    wrong = [misread(each, way) for each, way in zip(texts, cycle(WAYS), strict=False)]
    for each, now, (value, rules) in zip(texts, wrong, outcomes(con, "text", wrong), strict=True):
        assert rules & FOUND, (each, now)
        assert value is None or value == each


def test_words_of_several_columns_are_judged_together(con):
    """A suspect text that two parsers are given, one that only one is, and one that is sound."""
    both, one = (
        misread("云州市南湖区", way) for way in ("GBK read as Latin-1", "UTF-8 read as GBK")
    )
    table = ibis.memtable({"n": [0, 1, 2], "a": [both, one, "云州"], "b": [both, "云-州", None]})
    columns = [
        ColumnToParse("address", "a", PARSERS["address"]),
        ColumnToParse("text", "b", PARSERS["text"]),
    ]
    with parsed_texts(con, table, columns, AS_OF) as parsed:
        made = parse_columns(table, columns, AS_OF, severities(), parsed).order_by("n")
        before = con.to_pyarrow(made).to_pylist()
    assert [(row["address"], row["text"]) for row in before] == [
        ("云州市南湖区", "云州市南湖区"), ("云州市南湖区", "云-州"), ("云州", None),
    ]  # fmt: skip
    whole = con.to_pyarrow(parse_columns(table, columns, AS_OF, severities()).order_by("n"))
    assert before == whole.to_pylist()
