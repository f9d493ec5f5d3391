"""Names of persons: the spellings that registers show, and what holds for any spelling."""

import pytest
from cleaning_laws import LAW, is_idempotent, is_total, outcomes, spaced, texts_of, widened
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clean.names import person_name

NAME_CHARACTERS = "张王李欧阳三四小明买提艾力某等和先生·ABab"
chinese_names = st.lists(
    st.text(st.sampled_from("张王李陈刘晓明国华丽红军建文"), min_size=2, max_size=4),
    min_size=1,
    max_size=40,
)


SPELLED = {
    "张三": "张三",
    "\U00020164三": "\U00020164三",
    " 张\u3000三 ": "张三",
    "买买提&#8226;艾力": "买买提·艾力",
    "王•雷诺‧佩纳": "王·雷诺·佩纳",
    "齐格菲尔德.安哥勒": "齐格菲尔德·安哥勒",
    "买买提・艾力": "买买提·艾力",
    "陈晓明`": "陈晓明",
    "(张三)": "张三",
    "刘建生、刘建生": "刘建生",
    "李\ue863": "李䶮",
}
NOTED = {
    "马睿思（MatthewStuartPrice）": ("马睿思", "MatthewStuartPrice", "NAME_TWO_SCRIPTS"),
    "CHENYUDONG（陈玉东）": ("陈玉东", "CHENYUDONG", "NAME_TWO_SCRIPTS"),
    "LIM BONG TAIK 中文名： 林奉泽": ("林奉泽", "LIM BONG TAIK", "NAME_TWO_SCRIPTS"),
    "柯佳仁（KO，CHIA-JEN）": ("柯佳仁", "KO,CHIA-JEN", "NAME_TWO_SCRIPTS"),
    "George E Lee(乔治.爱德华.黎)": ("乔治·爱德华·黎", "George E Lee", "NAME_TWO_SCRIPTS"),
    "金勋范(执行董事)": ("金勋范", "执行董事", "NAME_REMARK"),
    "马福英(8人)": ("马福英", "8人", "NAME_REMARK"),
    "张三先生": ("张三", None, "NAME_REMARK"),
    "北京天地投资有限公司(委派代表:王五)": ("王五", None, "NAME_REMARK"),
    "CONSTANTIN M. FISCHER": ("CONSTANTIN M. FISCHER", None, "NAME_LATIN"),
    "发者勒?热禾马能": ("发者勒?热禾马能", None, "LOST_CHARACTER"),
    "麦伟\ue238": ("麦伟?", None, "LOST_CHARACTER"),
    "张□": ("张?", None, "LOST_CHARACTER"),
}
REFUSED = {
    "无": "PLACEHOLDER",
    "N/A": "PLACEHOLDER",
    "新生儿": "PLACEHOLDER",
    "张某某": "MASKED",
    "张**": "MASKED",
    "张建国、李四": "TWO_PEOPLE",
    "张建国,李四": "TWO_PEOPLE",
    "张三和李四": "TWO_PEOPLE",
    "张三 李四": "TWO_PEOPLE",
    "张建国等": "TWO_PEOPLE",
    "张建国等3人": "TWO_PEOPLE",
    "北京天地投资有限公司": "ORGANIZATION_IN_PERSON_NAME",
    "张3": "DIGIT_IN_NAME",
    "张三@": "NAME_CHARSET",
    "赵": "NAME_TOO_SHORT",
    "张先生": "NAME_TOO_SHORT",
    "张" * 17: "NAME_TOO_LONG",
}
GENUINE = ["张和平", "王等", "马和买提", "毛吉措毛", "高等", "空海", "和建国", "张平等"]


def test_one_spelling(clean):
    found = outcomes(clean, person_name(), SPELLED)
    assert {text: o.value for text, o in found.items()} == SPELLED
    assert set().union(*(o.rules for o in found.values())) == {"NORMALISED"}


def test_kept_with_a_note(clean):
    found = outcomes(clean, person_name(), NOTED)
    assert {t: (o.value, o.companions["other"], *o.rules) for t, o in found.items()} == NOTED


def test_not_a_name(clean):
    found = outcomes(clean, person_name(), REFUSED)
    assert {text: o.value for text, o in found.items()} == dict.fromkeys(REFUSED)
    assert {t: rule for t, rule in REFUSED.items() if rule not in found[t].rules} == {}


def test_a_genuine_name_is_left_alone(clean):
    found = outcomes(clean, person_name(), GENUINE)
    assert {t: (o.value, o.rules) for t, o in found.items()} == {t: (t, set()) for t in GENUINE}


def test_the_key_knows_neither_dots_nor_blanks_nor_variants(clean):
    same = ["买买提·艾力", "买买提艾力", "买买提 艾力", "买买提.艾力"]
    keys = {text: o.companions["key"] for text, o in outcomes(clean, person_name(), same).items()}
    assert keys == dict.fromkeys(same, "买买提艾力")
    [traditional] = clean(person_name(), ["劉德華"])
    assert (traditional.value, traditional.companions["key"]) == ("劉德華", "刘德华")


@LAW
@given(texts_of(NAME_CHARACTERS))
def test_total_and_idempotent(clean_fast, texts):
    is_total(clean_fast, person_name(), texts)
    is_idempotent(clean_fast, person_name(), texts)


@LAW
@given(chinese_names)
def test_width_and_space_make_no_difference(clean_fast, names):
    plain = [o.value for o in clean_fast(person_name(), names)]
    assert [o.value for o in clean_fast(person_name(), [spaced(n) for n in names])] == plain
    assert [o.value for o in clean_fast(person_name(), ["　".join(n) for n in names])] == plain


@LAW
@given(st.lists(st.text(st.sampled_from("abcXYZ"), min_size=2, max_size=9), min_size=1))
def test_full_width_latin_is_the_same_name(clean_fast, names):
    plain = [o.value for o in clean_fast(person_name(), names)]
    assert [o.value for o in clean_fast(person_name(), [widened(n) for n in names])] == plain


@pytest.mark.parametrize(
    "text", ["王先生", "王哥", "王女士", "老王", "王师傅", "欧阳女士", "王某某", "王**", "王*强"]
)
def test_a_form_of_address_and_a_masked_name_are_parts_of_a_name(clean, text):
    [found] = clean(person_name(), [text])
    assert (found.value, found.companions["key"]) == (None, None)
    assert found.companions["other"] == text


@pytest.mark.parametrize("text", ["王师", "哥舒翰", "王爱姐妹", "老舍", "姐夫"])
def test_what_only_begins_like_a_form_of_address_is_a_name(clean, text):
    [found] = clean(person_name(), [text])
    assert found.value == text
