"""Names of organisations: spelling, other names, parts, and the key that unites spellings."""

from cleaning_laws import LAW, is_idempotent, is_total, outcomes, spaced, texts_of
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clean.names import organization_name

PARTS = ("region", "brand", "industry", "form", "branch")
NAME_CHARACTERS = "北京杭州市云上山水科技贸易有限责任公司集团分第一原名厂店（）():："


SPELLED = {
    "丽致美豪(杭州)酒店管理有限公司": "丽致美豪（杭州）酒店管理有限公司",
    "精中〔珠海〕表业有限公司": "精中（珠海）表业有限公司",
    "利大房地产开发建设( 武汉 )有限公司": "利大房地产开发建设（武汉）有限公司",
    "青岛市黄岛乳胶制品 厂": "青岛市黄岛乳胶制品厂",
    "青岛市李沧区出租汽车公司.": "青岛市李沧区出租汽车公司",
    "深圳创维－ＲＧＢ电子有限公司": "深圳创维-RGB电子有限公司",
    "大冶市乔宇金属瓦制品厂（普通合伙）": "大冶市乔宇金属瓦制品厂（普通合伙）",
    "宁夏建筑工程质量检测中心(有限公司)": "宁夏建筑工程质量检测中心（有限公司）",
    "江西《大灰狼》画报社有限责任公司": "江西《大灰狼》画报社有限责任公司",
    "Apple Inc.": "Apple Inc.",
}
WITH_OTHER_NAME = {
    "苏州市联运有限公司 (原名苏州联合航空公司)": ("苏州市联运有限公司", "苏州联合航空公司"),
    "青岛电缆股份有限公司(原青岛电缆厂)": ("青岛电缆股份有限公司", "青岛电缆厂"),
    "云上有限公司（曾用名：云下有限公司）": ("云上有限公司", "云下有限公司"),
    "瑞安市运输公司增挂:瑞安市公交公司": ("瑞安市运输公司", "瑞安市公交公司"),
    "西安天宝有限公司 第二名称:西安二建公司": ("西安天宝有限公司", "西安二建公司"),
    "第一名称:新桥粮油管理所 第二名称:新桥物资公司": ("新桥粮油管理所", "新桥物资公司"),
    "国防军工物资吉林公司( 吉林太陆工贸公司 )": ("国防军工物资吉林公司", "吉林太陆工贸公司"),
}
DAMAGED = {  # rule, and whether the value is kept
    "无": ("PLACEHOLDER", False),
    "无业": ("NOT_AN_ORGANIZATION", False),
    "自由职业者": ("NOT_AN_ORGANIZATION", False),
    "厂": ("NAME_TOO_SHORT", False),
    "12345": ("NAME_CHARSET", False),
    "云" * 201: ("NAME_TOO_LONG", False),
    "有限公司": ("INCOMPLETE_NAME", True),
    "东港市弘洋?品有限公卸": ("LOST_CHARACTER", True),
}
IN_PARTS = {
    "丽致美豪(杭州)酒店管理有限公司": ("杭州", "丽致美豪", "酒店管理", "有限公司", None),
    "吉林市晟林医疗器械有限公司": ("吉林市", "晟林", "医疗器械", "有限公司", None),
    "浙江省杭州市余杭区云上贸易有限公司": ("浙江省杭州市余杭区", "云上", "贸易", "有限公司", None),
    "厦门裕丰冷冻工程有限公司福州分公司": ("厦门", "裕丰冷冻", "工程", "有限公司", "福州分公司"),
    "临海市下汇水果专业合作社": ("临海市", "下汇", "水果", "专业合作社", None),
    "伟星养殖场": (None, "伟星", None, "养殖场", None),
}
ONE_KEY = [
    ("北京云上（集团）有限责任公司", "云上（北京）集团有限公司", "北京市云上集团有限公司"),
    ("杭州丽致美豪酒店管理有限责任公司", "丽致美豪(杭州)酒店管理有限公司"),
    ("恩施土家族苗族自治州云上酒店", "恩施云上酒店"),
    ("華潤有限公司", "华润有限公司"),
]


def test_one_spelling(clean):
    found = outcomes(clean, organization_name(), SPELLED)
    assert {text: o.value for text, o in found.items()} == SPELLED
    assert set().union(*(o.rules for o in found.values())) == {"NORMALISED", "NAME_LATIN"}
    assert all(o.companions["former"] == [] for o in found.values())


def test_other_names_are_set_apart(clean):
    found = outcomes(clean, organization_name(), WITH_OTHER_NAME)
    split = {text: (o.value, *o.companions["former"]) for text, o in found.items()}
    assert split == WITH_OTHER_NAME
    assert all(o.rules == {"OTHER_NAME_SPLIT_OFF"} for o in found.values())


def test_damage_is_found(clean):
    found = outcomes(clean, organization_name(), DAMAGED)
    assert {t: (*o.rules, o.value is not None) for t, o in found.items()} == DAMAGED


def test_parts_of_a_name(clean):
    found = outcomes(clean, organization_name(), IN_PARTS)
    assert {t: tuple(o.companions[part] for part in PARTS) for t, o in found.items()} == IN_PARTS


def test_spellings_of_one_name_have_one_key(clean):
    found = outcomes(clean, organization_name(), [name for group in ONE_KEY for name in group])
    assert [len({found[name].companions["key"] for name in group}) for group in ONE_KEY] == [1] * 4


def test_different_names_have_different_keys(clean):
    names = [
        "北京云上有限公司",
        "北京云上股份有限公司",
        "北京云上有限公司第一分公司",
        "南京云上有限公司",
    ]
    keys = {o.companions["key"] for o in clean(organization_name(), names)}
    assert len(keys) == len(names)


@LAW
@given(texts_of(NAME_CHARACTERS))
def test_total(clean_fast, texts):
    is_total(clean_fast, organization_name(), texts)


@LAW
@given(
    st.lists(st.text(st.sampled_from("北京云上山水科技贸易有限公司（）"), max_size=12), min_size=1)
)
def test_idempotent_and_blind_to_space(clean_fast, texts):
    is_idempotent(clean_fast, organization_name(), texts)
    plain = [o.value for o in clean_fast(organization_name(), texts)]
    assert [o.value for o in clean_fast(organization_name(), [spaced(t) for t in texts])] == plain
