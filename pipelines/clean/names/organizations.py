"""Names of organisations: one spelling, other names set apart, and the parts of a name.

By 企业名称登记管理规定 a name is 行政区划 + 字号 + 行业或经营特点 + 组织形式 (article 6), and a
branch adds its own part (article 13). The clean value has full-width brackets and no blanks between
Chinese characters; nothing of the registered name is taken away.
"""

from collections.abc import Mapping
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.characters import TEXT_STEPS, is_placeholder, upper
from pipelines.clean.names.persons import HAN, LOST
from pipelines.clean.names.variants import unify_variants
from pipelines.clean.parsing.parser import Derive, Parsed, Parser, Scratch
from pipelines.clean.places import region_names

_BULLETS, _DASHES = "•‧∙・●⋅ㆍ⸱⚫˙⦁∘᛫⸳ꞏ", "‐‑‒–—―─━−⁃"
_OPENING, _CLOSING = "([{【〔「『〖", ")]}】〕」』〗"
_FROM = _BULLETS + _DASHES + _OPENING + _CLOSING
_TO = "·" * len(_BULLETS) + "-" * len(_DASHES) + "（" * len(_OPENING) + "）" * len(_CLOSING)
_ODD = "[" + "".join(f"\\x{{{ord(c):x}}}" for c in _FROM) + "]|" + LOST

_OTHER_LABEL = (
    "(?:原企业名称|原单位名称|原名称|原名|原为|原|曾用名称|曾用名|更名前|又名|亦名|另名|别名|简称|全称"
    "|第[二三]名称|第[二三]厂名|从属名称|从属|增挂牌子|增挂|加挂)"
)
_WORDS_OF_STATE = (
    "^(?:无业|待业|失业|下岗|退休|离休|退休人员|自由职业者?|灵活就业(?:人员)?|务农|在家务农|农民|粮农|个体|个体户"
    "|个体经营|打工|务工|学生|在校学生|学龄前儿童|家务|居民|无单位|无工作单位|无固定单位|自谋职业)$"
)

# What a whole name ends in, longest first. 公司 forms: 公司法; the others: 登记管理 rules.
_FORM = (
    "股份有限公司|有限责任公司|集团有限公司|有限公司|总公司|公司|企业集团|集团|农民专业合作社联合社|农民专业合作社"
    "|专业合作社|供销合作社|股份合作社|经济合作社|合作社|合作联社|信用社|联社|会计师事务所|律师事务所|事务所|研究所|研究院"
    "|设计院|科学院|福利院|敬老院|养老院|医院|卫生院|卫生所|卫生室|诊所|门诊部|大学|学院|学校|中学|小学|幼儿园|培训中心"
    "|服务中心|中心|基金会|促进会|商会|学会|协会|联合会|俱乐部|委员会|村民委员会|居民委员会|管理局|局|办公室|指挥部"
    "|合伙企业|个人独资企业|总厂|分厂|加工厂|厂|农场|林场|牧场|渔场|养殖场|市场|商场|场|大酒店|酒店|饭店|商店|药店"
    "|书店|总店|网吧|宾馆|酒楼|餐厅|超市|商行|药房|店|经营部|门市部|服务部|销售部|经销部|工程部|部|工作室|办事处"
    "|代表处|管理处|处|加油站|工作站|电站|站|园|矿|银行|行|队|社|所|院|馆|室|庄|坊|家|铺|会"
)
_ENTITY = "公司|集团|银行|合作社|联社|信用社|事务所|医院|学校|总厂|研究院|研究所|协会|基金会"
_BRANCH = (
    "分公司|支公司|子公司|分行|支行|分理处|储蓄所|分店|分厂|分社|分所|分院|分校|分部|分中心|营业部|营业厅|营业所|营业点"
    "|营销服务部|证券营业部|服务部|门市部|经营部|销售部|项目部|工程处|办事处|代表处|代办处|代办点|代销点|直销店|直营店"
    "|连锁店|专卖店|加盟店|超市|药店|加油站|加气站|服务站|工作站|配送中心|服务中心|营销中心|销售处|网点|厂|店|站|矿|部"
)
# Words of 行业或经营特点; the brand is what stands between the region and the first of them.
_INDUSTRY = (
    "电子商务|信息技术|网络科技|生物科技|环保科技|文化传媒|文化传播|广告传媒|影视|传媒|传播|文化|广告|科技|技术|信息|网络|软件"
    "|电子|电器|电气|电力|电缆|光电|通讯|通信|智能|自动化|机电|机械|设备|仪器|仪表|五金|工具|模具|阀门|轴承|汽车|汽配|摩托车"
    "|配件|零部件|建筑|建设|建材|装饰|装潢|装修|安装|工程|市政|园林|绿化|景观|路桥|水利|水电|房地产|置业|物业|地产|家居|家具"
    "|木业|木制品|石材|陶瓷|玻璃|水泥|钢结构|钢材|钢铁|金属|铝业|铜业|矿业|矿产|煤业|煤炭|能源|新能源|石油|石化|化工|化学|涂料"
    "|塑料|塑胶|橡胶|包装|印刷|印务|纸业|纺织|服装|服饰|针织|制衣|鞋业|皮革|工艺品|饰品|珠宝|礼品|玩具|文具|办公用品|体育|健身"
    "|旅游|旅行|酒店|宾馆|餐饮|食品|粮油|粮食|酒业|饮料|茶业|茶叶|水产|果蔬|蔬菜|水果|果品|种植|养殖|畜牧|禽业|农业|农资|农机"
    "|农产品|农副产品|林业|花卉|苗木|种业|饲料|生物|医药|药业|医疗|器械|保健|健康|美容|化妆品|日用品|百货|商贸|贸易|经贸|工贸|外贸"
    "|进出口|商业|商务|物资|供应链|物流|运输|客运|货运|货代|快递|仓储|港务|航运|船务|航空|投资|资产|资本|基金|金融|担保|典当|小额贷款"
    "|融资|租赁|保险|证券|信托|咨询|顾问|策划|设计|管理|服务|代理|中介|经纪|评估|会计|税务|法律|人力资源|劳务|家政|保洁|保安|教育"
    "|培训|培育|研究|开发|发展|实业|实验|检测|监理|勘察|测绘|环保|环境|再生资源|废旧物资|回收|修理|维修|加工|制造|生产|制品|材料"
    "|用品|产品|产业|工业|企业|控股|集团|经营|销售|购销|零售|批发|供销|出版|印章|摄影|婚庆|娱乐|彩票|烟草|盐业|供水|燃气|热力|邮政"
)
_COMPANIONS = {
    "key": "string",
    "former": "array<string>",
    "region": "string",
    "brand": "string",
    "industry": "string",
    "form": "string",
    "branch": "string",
}


@cache
def organization_name() -> Parser:
    """The parser of ``organization_name``.

    Companions: ``key`` for matching; ``former`` all other names given with it (曾用名, 第二名称,
    简称), never NULL; ``region``, ``brand``, ``industry``, ``form``, ``branch``, the parts of the
    name, NULL where it has none that can be told.
    """
    steps = (
        *TEXT_STEPS,
        Derive(lambda s: {"marked": _unify_marks(s.text)}),
        Derive(_split_other_names),
        Derive(_choose_name),
        Derive(_judge),
        Derive(_split_branch),
        Derive(_split_region),
        Derive(_complete_region),
        Derive(_split_form),
        Derive(_split_industry),
    )
    return Parser(steps, _finish, "string", _COMPANIONS, words=True)


def _unify_marks(s: ir.StringValue) -> ir.StringValue:
    """Brackets, dots and dashes of one kind; no junk at the ends."""
    unified = s.translate(_FROM, _TO).re_replace(LOST, "?").re_replace(" *([（]) *", "（")
    unified = unified.re_replace(" *[）] *", "）")
    marked = ibis.ifelse(s.re_search(_ODD), unified, s)
    ends = r"^[-.。,，、;；:：`'\x{22}·* ]+|[-.。,，、;；:：`'\x{22}·*（ ]+$"
    junk = marked.re_search(ends) & ~marked.re_search(r"[A-Za-z]\.$")  # Inc. and Ltd. keep theirs
    return ibis.ifelse(junk, marked.re_replace(ends, ""), marked)


def _split_other_names(s: Scratch) -> Mapping[str, ir.Value]:
    """What a label or its position says to be another name of the same organisation."""
    name = s.marked
    labelled = ibis.or_(name.contains("名称"), name.contains(":"), name.contains("（原"))
    labelled |= name.re_search("（(?:曾|又|亦|别|简称|更名|增挂|加挂)")
    either = f"(?:{_ENTITY}|厂|店|院|所|站|行|中心)"
    second = f"^[^（）]{{4,}}{either}（([^（）]{{3,}}(?:公司|集团|厂|联社|院|学校))）$"
    return {
        "labelled": ibis.ifelse(
            labelled, name.re_extract(f"（{_OTHER_LABEL}:?([^（）:]{{2,}})）", 1), ""
        ),
        "trailing": ibis.ifelse(labelled, name.re_extract(f" ?{_OTHER_LABEL}:(.+?)）?$", 1), ""),
        "second": ibis.ifelse(
            name.endswith("）") & ~name.re_search(f"(?:分公司|支公司|分厂|总厂|（(?:{_FORM}))）$"),
            name.re_extract(second, 1),
            "",
        ),
    }


def _choose_name(s: Scratch) -> Mapping[str, ir.Value]:
    bare = ibis.cases(
        (s.labelled != "", s.marked.re_replace(f"（{_OTHER_LABEL}:?[^（）:]{{2,}}）", "")),
        (s.trailing != "", s.marked.re_replace(f"(?:^第一名称:)|（? ?{_OTHER_LABEL}:.+$", "")),
        (s.second != "", s.marked.re_replace("（[^（）]+）$", "")),
        else_=s.marked,
    )
    other = ibis.coalesce(s.labelled.nullif(""), s.trailing.nullif(""), s.second.nullif(""))
    return {"name": _close_up(bare), "other": _close_up(other)}


def _close_up(s: ir.StringValue) -> ir.StringValue:
    """No blanks, unless there are two Latin words."""
    latin_words = s.re_search("[A-Za-z0-9.,&] [A-Za-z0-9&]")
    return ibis.ifelse(s.contains(" ") & ~latin_words, s.replace(" ", ""), s)


def _judge(s: Scratch) -> Mapping[str, ir.Value]:
    placeholder = is_placeholder(s.text)
    given = (s.text != "") & ~placeholder
    conditions = {
        "PLACEHOLDER": placeholder,
        "NOT_AN_ORGANIZATION": given & s.name.re_search(_WORDS_OF_STATE),
        "NAME_TOO_SHORT": given & (s.name.re_replace("[?（）]", "").length() < 2),
        "NAME_TOO_LONG": given & (s.name.length() > 200),
        "NAME_CHARSET": given & ~s.name.re_search(r"\p{L}"),
    }
    return {"usable": given & ~ibis.or_(*conditions.values()), **conditions}


# ---- the parts of a name ----


def _split_branch(s: Scratch) -> Mapping[str, ir.Value]:
    """Parent and branch: the parent ends in the last word of an entity that something follows.

    Only the whole match is ever extracted: groups would cost the engine twenty times as much.
    """
    name = ibis.ifelse(s.usable, s.name, "")
    parent = f"^.*[^分支子](?:{_ENTITY})(?:（[^（）]*）)?"
    return {
        "parent": ibis.ifelse(name.re_search(f"(?:{_BRANCH})$"), name.re_extract(parent, 0), ""),
        "inside": name.re_extract(f"[^（）]（[{HAN}]{{2,10}}）", 0),
    }


def _split_region(s: Scratch) -> Mapping[str, ir.Value]:
    province, city, county = region_names.province(), region_names.city(), region_names.county()
    name = ibis.coalesce(s.name, "")
    whole = ibis.ifelse(s.parent == "", name, s.parent)
    region = f"(?:{province})?(?:{city})?(?:{county})?"
    inside = s.inside.substr(2, s.inside.length() - 3)
    return {
        "whole": whole,
        "branch": ibis.ifelse(s.parent == "", "", name.substr(s.parent.length())),
        "pattern": whole.re_extract(f"^(?:中国)?{region}", 0),
        "bracket": ibis.ifelse(s.inside == "", "", inside.re_extract(f"^{region}$", 0)),
    }


def _complete_region(s: Scratch) -> Mapping[str, ir.Value]:
    """吉林市, 朝阳区: the pattern was content with the province 吉林 and the city 朝阳."""
    found = s.pattern
    kind = s.whole.substr(found.length(), 1)
    incomplete = (found != "") & (found != "中国") & ~found.re_search("[省市县区旗州]$")
    return {"head": found + ibis.ifelse(incomplete & kind.isin(["市", "区", "县"]), kind, "")}


def _split_form(s: Scratch) -> Mapping[str, ir.Value]:
    """After the region, without bracketed region and remark such as （普通合伙）."""
    rest = s.whole.substr(s.head.length())
    rest = ibis.ifelse(rest.contains("（"), rest.re_replace("（[^（）]*）?", ""), rest)
    return {"rest": rest, "form": rest.re_extract(f"(?:{_FORM})$", 0)}


def _split_industry(s: Scratch) -> Mapping[str, ir.Value]:
    """The words of industry that the rest ends in; two characters at least are left for a brand."""
    core = s.rest.left(s.rest.length() - s.form.length())
    words = f"(?:{_INDUSTRY})(?:[与及和、]?(?:{_INDUSTRY}))*$"
    return {"core": core, "industry": core.substr(2).re_extract(words, 0)}


def _finish(s: Scratch) -> Parsed:
    brand = ibis.ifelse(
        s.industry == "", s.core, s.core.left(s.core.length() - s.industry.length())
    )
    region = ibis.cases((s.head != "", s.head), (s.bracket != "", s.bracket), else_="")
    former = ibis.ifelse(
        s.other.notnull(), ibis.array([s.other]), ibis.array([ibis.null("string")])
    )
    parts = {
        "region": region,
        "brand": brand,
        "industry": s.industry,
        "form": s.form,
        "branch": s.branch,
    }
    notes = {
        "LOST_CHARACTER": s.name.contains("?"),
        "OTHER_NAME_SPLIT_OFF": s.other.notnull(),
        "INCOMPLETE_NAME": (s.core == "") & (s.head == "") | (s.name.length() < 4) & (s.form == ""),
        "NAME_LATIN": ~s.name.re_search(f"[{HAN}]"),
        "NORMALISED": _bare(s.name) != _bare(s.raw),
    }
    notes["NORMALISED"] &= s.other.isnull() & ~notes["LOST_CHARACTER"]
    errors = {rule: getattr(s, rule) for rule in _ERRORS}
    return Parsed(
        ibis.ifelse(s.usable, s.name, None),
        errors | {rule: s.usable & broken for rule, broken in notes.items()},
        {
            "key": ibis.ifelse(s.usable, _key(s), None),
            "former": former.filter(lambda name: name.notnull()),
            **{
                suffix: ibis.ifelse(s.usable, part.nullif(""), None)
                for suffix, part in parts.items()
            },
        },
    )


_ERRORS = (
    *("PLACEHOLDER", "NOT_AN_ORGANIZATION", "NAME_TOO_SHORT", "NAME_TOO_LONG", "NAME_CHARSET"),
)


def _bare(s: ir.StringValue) -> ir.StringValue:
    """The width of brackets is not worth a finding: half of all sources write them narrow."""
    return s.translate("（）", "()")


def _key(s: Scratch) -> ir.StringValue:
    """Region first and without its kind, then the rest; 有限责任公司 as 有限公司; no marks.

    北京云上（集团）有限责任公司, 云上（北京）集团有限公司 and 北京市云上集团有限公司 have one key.
    """
    region = s.head + ibis.ifelse(s.head.contains(s.bracket), "", s.bracket)
    kinds = f"(?:{region_names.SUFFIX})"
    region = ibis.ifelse(region.length() > 2, region.re_replace(kinds, ""), region)
    rest = s.name.substr(s.head.length())
    rest = ibis.ifelse(
        s.bracket != "", rest.replace(ibis.literal("（") + s.bracket + "）", ""), rest
    )
    rest = rest.replace("有限责任公司", "有限公司")
    marks = r"[（）()·.,'\x{22}《》“”、 -]"
    return unify_variants(upper((region + rest).re_replace(marks, "")))
