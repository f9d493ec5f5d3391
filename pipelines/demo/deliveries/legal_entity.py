"""What five departments hold about the organisations of the city."""

from functools import partial

import numpy as np
import pyarrow as pa

from pipelines.demo.deliveries.feed import Columns, Feed, change_times
from pipelines.demo.deliveries.population import scrambled
from pipelines.demo.deliveries.writers import (
    DelimitedWriter,
    JsonLinesWriter,
    SqliteWriter,
    XlsxWriter,
)
from pipelines.demo.dirt.contradictions import ENTERPRISES, INSURED_UNITS, TAXPAYERS
from pipelines.demo.text import Ints, blank_unless, choose, day_text, join, number, pick
from pipelines.demo.world.city import City
from pipelines.demo.world.firms import Kind
from pipelines.demo.world.today import today

_MARKET = (Kind.COMPANY, Kind.BRANCH, Kind.BUSINESS)
# How many organisations of each kind a department knows.
_TAXED = {Kind.INSTITUTION: 0.3, Kind.ASSOCIATION: 0.4, Kind.COMPANY: 0.9, Kind.BRANCH: 0.8,
          Kind.BUSINESS: 0.5}  # fmt: skip
_INSURED = {Kind.ORGAN: 1.0, Kind.INSTITUTION: 0.95, Kind.ASSOCIATION: 0.6, Kind.COMPANY: 0.7,
            Kind.BRANCH: 0.3, Kind.BUSINESS: 0.05}  # fmt: skip
_OLD_TAX_NUMBER = 0.02  # 15 characters: region and organisation code
_STALE_NAME = 0.5  # of those renamed, how many departments still have the former name


def _text(city: City, column: str, which: Ints) -> pa.Array:
    texts: pa.Array = getattr(city.firms, column)
    return texts.take(pa.array(which))


def _leader(city: City, which: Ints) -> tuple[pa.Array, pa.Array]:
    """Name and number of the legal representative."""
    who = pa.array(city.firms.leader[which])
    return city.people.name.take(who), city.people.citizen_id.take(who)


def _address(city: City, which: Ints, rng: np.random.Generator) -> pa.Array:
    return city.firms.places.take(which).render(rng.choice(3, len(which), p=[0.4, 0.4, 0.2]))


def _day(days: Ints, form: str = "%Y-%m-%d") -> pa.Array:
    return blank_unless(days >= 0, day_text(days, form))


def _money(city: City, which: Ints, form: str) -> pa.Array:
    amount = city.firms.capital[which]
    return blank_unless(amount > 0, join(number(amount), form))


def _name_on_file(city: City, which: Ints, rng: np.random.Generator) -> pa.Array:
    """The name, or the former one where nobody told the department of the change."""
    former = _text(city, "former_name", which)
    stale = (rng.random(len(which)) < _STALE_NAME) & (np.array(former.to_pylist()) != "")
    return choose(stale, former, _text(city, "name", which))


def _known(city: City, purpose: int, shares: dict[Kind, float]) -> Ints:
    share = np.array([shares.get(kind, 0.0) for kind in Kind])[city.firms.kind]
    return np.flatnonzero(city.rng(purpose).random(len(city.firms)) < share)


# ---- market regulation: companies, branches, individual businesses ----


def _enterprises(city: City, which: Ints, rng: np.random.Generator) -> Columns:
    firms = city.firms
    name, citizen_id = _leader(city, which)
    former = _text(city, "former_name", which)
    return {
        "主体身份代码": scrambled("ZT", which),
        "统一社会信用代码": _text(city, "uscc", which),
        "注册号": _text(city, "registration_number", which),
        "企业名称": _text(city, "name", which),
        "曾用名": former,
        "法定代表人": name,
        "法定代表人证件号码": citizen_id,
        "注册资本": _money(city, which, "万元人民币"),
        "成立日期": _day(firms.founded[which]),
        "核准日期": _day(firms.approved[which]),
        "注销日期": _day(firms.closed[which]),
        "登记状态": pick(
            ["", "存续（在营、开业、在册）", "吊销,未注销", "", "注销"], firms.status[which]
        ),
        "住所区划": number(firms.places.take(which).region_codes()),
        "住所": _address(city, which, rng),
        "行业代码": _text(city, "industry", which),
        "联系电话": _text(city, "phone", which),
        "最后更新时间": change_times(rng, len(which), today()),
    }


# ---- taxation: taxpayers, in the pinyin abbreviations of the core system ----


def _taxpayers(city: City, which: Ints, rng: np.random.Generator) -> Columns:
    firms = city.firms
    name, citizen_id = _leader(city, which)
    uscc = _text(city, "uscc", which)
    old = join(number(firms.registrar[which], 6), _text(city, "organization_code", which))
    return {
        "DJXH": scrambled("1", which, 11),
        "NSRSBH": choose(rng.random(len(which)) < _OLD_TAX_NUMBER, old, uscc),
        "NSRMC": _name_on_file(city, which, rng),
        "FDDBRXM": name,
        "FDDBRSFZJHM": citizen_id,
        "ZCZB": _money(city, which, "万元"),
        "KYDJRQ": _day(firms.founded[which], "%Y%m%d"),
        "NSRZT": pick(["", "正常", "非正常户", "", "注销"], firms.status[which]),
        "XZQHSZ_DM": number(firms.places.take(which).region_codes()),
        "ZCDZ": _address(city, which, rng),
        "HY_DM": _text(city, "industry", which),
        "LXDH": _text(city, "phone", which),
        "NSXYDJ": pick(list("ABBBMCD"), rng.integers(0, 7, len(which))),
        "XGRQ": change_times(rng, len(which), today()),
    }


# ---- civil affairs: social organisations ----


def _social_organizations(city: City, which: Ints, rng: np.random.Generator) -> Columns:
    firms = city.firms
    name, citizen_id = _leader(city, which)
    return {
        "登记证号": scrambled("MZ", which),
        "社会组织名称": _text(city, "name", which),
        "统一社会信用代码": _text(city, "uscc", which),
        "法定代表人": name,
        "法定代表人身份证号": citizen_id,
        "开办资金": _money(city, which, "万元"),
        "成立登记日期": _day(firms.founded[which]),
        "登记状态": pick(["", "正常", "撤销", "", "注销"], firms.status[which]),
        "区划代码": number(firms.places.take(which).region_codes()),
        "住所": _address(city, which, rng),
        "联系电话": _text(city, "phone", which),
        "业务主管单位": pick(["云州市教育局", "云州市民政局", "云州市卫生健康委员会"], which % 3),
        "更新日期": change_times(rng, len(which), today()),
    }


# ---- staffing office: organs and public institutions ----


def _public_institutions(city: City, which: Ints, rng: np.random.Generator) -> Columns:
    firms = city.firms
    name, citizen_id = _leader(city, which)
    return {
        "事证号": scrambled("113", which, 9),
        "单位名称": _text(city, "name", which),
        "统一社会信用代码": _text(city, "uscc", which),
        "组织机构代码": _text(city, "organization_code", which),
        "法定代表人": name,
        "法定代表人身份证号": citizen_id,
        "开办资金": _money(city, which, "万元"),
        "设立日期": _day(firms.founded[which], "%Y%m%d"),
        "机构状态": pick(["", "正常", "撤销", "", "注销"], firms.status[which]),
        "行政区划": number(firms.places.take(which).region_codes()),
        "住所": _address(city, which, rng),
        "联系电话": _text(city, "phone", which),
        "举办单位": pick(["云州市教育局", "云州市卫生健康委员会", "云州市人民政府"], which % 3),
        "更新时间": change_times(rng, len(which), today()),
    }


# ---- human resources: insured units ----


def _insured_units(city: City, which: Ints, rng: np.random.Generator) -> Columns:
    firms = city.firms
    name, _ = _leader(city, which)
    has_uscc = rng.random(len(which)) < 0.85
    return {
        "单位编号": scrambled("5", which, 8),
        "单位名称": _name_on_file(city, which, rng),
        "统一社会信用代码": blank_unless(has_uscc, _text(city, "uscc", which)),
        "组织机构代码": _text(city, "organization_code", which),
        "负责人": name,
        "单位地址": _address(city, which, rng),
        "单位区划": number(firms.places.take(which).region_codes()),
        "联系电话": _text(city, "phone", which),
        "参保日期": _day(np.minimum(firms.founded[which] + 60, today() - 1), "%Y/%m/%d"),
        "单位状态": pick(["", "正常", "注销", "", "注销"], firms.status[which]),
        "参保人数": number(rng.integers(1, 300, len(which))),
        "更新时间": change_times(rng, len(which), today()),
    }


FEEDS = (
    Feed(
        source="market_regulation__enterprises",
        entity="legal_entity",
        file="market_regulation/scztxx_{batch}.csv",
        elements={
            "统一社会信用代码": "uscc",
            "注册号": "registration_number",
            "企业名称": "organization_name",
            "法定代表人": "person_name",
            "法定代表人证件号码": "citizen_id",
            "注册资本": "money",
            "成立日期": "date",
            "核准日期": "date",
            "注销日期": "date",
            "登记状态": "entity_status",
            "住所区划": "region_code",
            "住所": "address",
            "行业代码": "industry_code",
            "联系电话": "phone",
            "最后更新时间": "timestamp",
        },
        key=("主体身份代码",),
        rows=lambda city: city.firms.rows(*_MARKET),
        build=_enterprises,
        writer=partial(DelimitedWriter, encoding="utf-8-sig"),
        factor=0.5,
        spreadsheet=True,  # district offices keep their ledgers in one
        changed_at="最后更新时间",
        plants=ENTERPRISES,
    ),
    Feed(
        source="taxation__taxpayers",
        entity="legal_entity",
        file="taxation/nsr.db",
        elements={
            "NSRSBH": "uscc",
            "NSRMC": "organization_name",
            "FDDBRXM": "person_name",
            "FDDBRSFZJHM": "citizen_id",
            "ZCZB": "money",
            "KYDJRQ": "date",
            "NSRZT": "entity_status",
            "XZQHSZ_DM": "region_code",
            "ZCDZ": "address",
            "HY_DM": "industry_code",
            "LXDH": "phone",
            "XGRQ": "timestamp",
        },
        key=("DJXH",),
        rows=lambda city: _known(city, 20, _TAXED),
        build=_taxpayers,
        writer=partial(SqliteWriter, table="DJ_NSRXX"),
        factor=0.6,
        changed_at="XGRQ",
        plants=TAXPAYERS,
    ),
    Feed(
        source="civil_affairs__social_organizations",
        entity="legal_entity",
        file="civil_affairs/shzz_{batch}.xlsx",
        elements={
            "社会组织名称": "organization_name",
            "统一社会信用代码": "uscc",
            "法定代表人": "person_name",
            "法定代表人身份证号": "citizen_id",
            "开办资金": "money",
            "成立登记日期": "date",
            "登记状态": "entity_status",
            "区划代码": "region_code",
            "住所": "address",
            "联系电话": "phone",
            "更新日期": "timestamp",
        },
        key=("登记证号",),
        rows=lambda city: city.firms.rows(Kind.ASSOCIATION),
        build=_social_organizations,
        writer=partial(
            XlsxWriter,
            sheet="社会组织",
            title="云州市社会组织登记情况表（截至 2026 年 6 月）",
            date_columns=("成立登记日期",),
        ),
        factor=1.5,
        spreadsheet=True,
        changed_at="更新日期",
    ),
    Feed(
        source="staffing_office__public_institutions",
        entity="legal_entity",
        file="staffing_office/sydw_{batch}.jsonl",
        elements={
            "单位名称": "organization_name",
            "统一社会信用代码": "uscc",
            "组织机构代码": "organization_code",
            "法定代表人": "person_name",
            "法定代表人身份证号": "citizen_id",
            "开办资金": "money",
            "设立日期": "date",
            "机构状态": "entity_status",
            "行政区划": "region_code",
            "住所": "address",
            "联系电话": "phone",
            "更新时间": "timestamp",
        },
        key=("事证号",),
        rows=lambda city: city.firms.rows(Kind.ORGAN, Kind.INSTITUTION),
        build=_public_institutions,
        writer=JsonLinesWriter,
        changed_at="更新时间",
    ),
    Feed(
        source="human_resources__insured_units",
        entity="legal_entity",
        file="human_resources/canbao_danwei_{batch}.csv",
        elements={
            "单位名称": "organization_name",
            "统一社会信用代码": "uscc",
            "组织机构代码": "organization_code",
            "负责人": "person_name",
            "单位地址": "address",
            "单位区划": "region_code",
            "联系电话": "phone",
            "参保日期": "date",
            "单位状态": "entity_status",
            "更新时间": "timestamp",
        },
        key=("单位编号",),
        rows=lambda city: _known(city, 21, _INSURED),
        build=_insured_units,
        writer=DelimitedWriter,
        factor=1.4,
        spreadsheet=True,
        changed_at="更新时间",
        plants=INSURED_UNITS,
    ),
)
