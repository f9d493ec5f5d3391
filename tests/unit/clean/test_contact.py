"""Addresses and telephone numbers: usual and unusual spellings, and what is neither."""

from cleaning_laws import LAW, is_idempotent, is_total, outcomes, spaced, texts_of, widened
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.clean.contact import address, mobile, phone

PARTS = ("province", "city", "county", "detail")
ADDRESSES = {
    "浙江省杭州市余杭区文一西路969号": ("浙江省", "杭州市", "余杭区", "文一西路969号"),
    "北京市朝阳区建国路1号": ("北京市", None, "朝阳区", "建国路1号"),
    "吉林市丰满区吉林大街1号": (None, "吉林市", "丰满区", "吉林大街1号"),
    "吉林省吉林市丰满区1号": ("吉林省", "吉林市", "丰满区", "1号"),
    "朝阳市双塔区1号": (None, "朝阳市", "双塔区", "1号"),
    "朝阳区建国路1号": (None, None, "朝阳区", "建国路1号"),
    "义乌市稠江街道1号": (None, None, "义乌市", "稠江街道1号"),
    "河北省石家庄市市辖区长安区1号": ("河北省", "石家庄市", "长安区", "1号"),
    "内蒙古巴彦淖尔市临河区1号": ("内蒙古", "巴彦淖尔市", "临河区", "1号"),
    "黔南布依族苗族自治州平塘县1号": (None, "黔南布依族苗族自治州", "平塘县", "1号"),
    "西安市高新区科技路1号": (None, "西安市", "高新区", "科技路1号"),
    "西陶镇交斜铺村": (None, None, None, "西陶镇交斜铺村"),
}
WRITTEN = {
    "  文一西路 ９６９号(A座) ": "文一西路969号（A座）",
    "建国路88号&nbsp;SOHO现代城": "建国路88号SOHO现代城",
    "中北工业园B—H—E24号,东侧": "中北工业园B-H-E24号，东侧",
    "Room 501, Tower B": "Room 501, Tower B",
}
MOBILES = [
    *("13812345678", "+8613812345678", "+86 138-1234-5678", "86-13812345678", "008613812345678"),
    *(
        "013812345678",
        "138 1234 5678",
        "１３８１２３４５６７８",
        "138.1234.5678",
        "(86)13812345678",
    ),
]
NO_MOBILE = {
    "1381234567": "LENGTH",
    "138123456789": "LENGTH",
    "23812345678": "PHONE_FORM",
    "12012345678": "PHONE_FORM",
    "1381234567a": "CHARSET",
    "0571-87654321": "LANDLINE_IN_MOBILE",
    "87654321": "LANDLINE_IN_MOBILE",
    "138****5678": "MASKED",
    "11111111111": "PLACEHOLDER",
    "13800000000": "PLACEHOLDER",
    "12345678901": "PLACEHOLDER",
    "无": "PLACEHOLDER",
    "1": "PLACEHOLDER",
}
PHONES = {
    "0571-87654321": "0571-87654321",
    "057187654321": "0571-87654321",
    "(0571)87654321": "0571-87654321",
    "0571—87654321转8001": "0571-87654321-8001",
    "0571-87654321-8001": "0571-87654321-8001",
    "010-62345678": "010-62345678",
    "02162345678": "021-62345678",
    "+86-571-87654321": "0571-87654321",
    "+86 10 62345678": "010-62345678",
    "0086-21-62345678": "021-62345678",
    "400-123-4567": "400-123-4567",
    "4001234567": "400-123-4567",
    "10086": "10086",
    "95588": "95588",
    "13812345678": "13812345678",
    "+8613812345678": "13812345678",
}
SEVERAL = {
    "13812345678/13912345678": ("13812345678", "13912345678"),
    "13812345678 13912345678": ("13812345678", "13912345678"),
    "0571-87654321、13812345678": ("0571-87654321", "13812345678"),
    "010-62345678，010-62345679": ("010-62345678", "010-62345679"),
}


def test_regions_of_an_address(clean):
    found = outcomes(clean, address(), ADDRESSES)
    assert {t: tuple(o.companions[part] for part in PARTS) for t, o in found.items()} == ADDRESSES
    assert [text for text, o in found.items() if o.value != text or o.rules] == []


def test_characters_of_an_address(clean):
    found = outcomes(clean, address(), WRITTEN)
    assert {text: o.value for text, o in found.items()} == WRITTEN


def test_addresses_that_lead_nowhere(clean):
    nowhere = outcomes(clean, address(), ["同上", "本市", "无", "-", "详见户口簿", "外地"])
    assert {(o.value, *o.rules) for o in nowhere.values()} == {(None, "PLACEHOLDER")}
    short = outcomes(clean, address(), ["浙江省杭州市", "杭州市余杭区", "云州市", "3号楼"])
    assert {o.rules == {"ADDRESS_INCOMPLETE"} and o.value == t for t, o in short.items()} == {True}
    [lost] = clean(address(), ["重庆市渝中区□家巷1号"])
    assert (lost.value, lost.rules) == ("重庆市渝中区?家巷1号", {"LOST_CHARACTER"})


def test_mobiles(clean):
    found = outcomes(clean, mobile(), MOBILES)
    assert {text: o.value for text, o in found.items()} == dict.fromkeys(MOBILES, "13812345678")
    assert set().union(*(o.rules for o in found.values())) == {"NORMALISED"}


def test_what_is_no_mobile(clean):
    found = outcomes(clean, mobile(), NO_MOBILE)
    assert {text: (o.value, *o.rules) for text, o in found.items()} == {
        text: (None, rule) for text, rule in NO_MOBILE.items()
    }


def test_phones(clean):
    found = outcomes(clean, phone(), PHONES)
    assert {text: o.value for text, o in found.items()} == PHONES
    assert [text for text, o in found.items() if o.rules] == []


def test_what_is_no_phone(clean):
    wrong = outcomes(clean, phone(), ["571-87654321", "abc", "01234567", "138123456789"])
    assert {(o.value, *o.rules) for o in wrong.values()} == {(None, "PHONE_FORM")}
    nothing = outcomes(clean, phone(), ["00000000", "无", "-", "1"])
    assert {(o.value, *o.rules) for o in nothing.values()} == {(None, "PLACEHOLDER")}
    local = outcomes(clean, phone(), ["87654321", "8765-4321"])
    assert {(o.value, *o.rules) for o in local.values()} == {("87654321", "NO_AREA_CODE")}


def test_several_numbers(clean):
    found = outcomes(clean, phone(), SEVERAL)
    assert {text: (o.value, o.companions["other"]) for text, o in found.items()} == SEVERAL
    assert all(o.rules == {"SEVERAL_NUMBERS"} for o in found.values())


@LAW
@given(texts_of("0123456789-+()转/、 8613"))
def test_numbers_total_and_idempotent(clean_fast, texts):
    for parser in (mobile(), phone()):
        is_total(clean_fast, parser, texts)
        is_idempotent(clean_fast, parser, texts)


@LAW
@example(["'\ue000…,{ß.□\"\xa0"])
@given(texts_of("北京浙江杭州吉林市省区县路号镇（）()-,1２ ABc"))
def test_addresses_total_and_idempotent(clean_fast, texts):
    is_total(clean_fast, address(), texts)
    is_idempotent(clean_fast, address(), texts)


@LAW
@given(st.lists(st.from_regex(r"1[3-9][0-9][2-9][0-9]{7}", fullmatch=True), min_size=1))
def test_width_and_space_make_no_difference(clean_fast, numbers):
    plain = [o.value for o in clean_fast(mobile(), numbers)]
    assert [o.value for o in clean_fast(mobile(), [widened(n) for n in numbers])] == plain
    assert [o.value for o in clean_fast(mobile(), [spaced(n) for n in numbers])] == plain
