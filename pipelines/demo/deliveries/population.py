"""Feeds of the six departments with records of persons."""

from functools import partial

import numpy as np
import pyarrow as pa

from pipelines.demo.deliveries.feed import Columns, Feed, change_times
from pipelines.demo.deliveries.writers import (
    DelimitedWriter,
    JsonLinesWriter,
    SqliteWriter,
    XlsxWriter,
)
from pipelines.demo.dirt.contradictions import INSURED, MARRIAGES, MEDICAL_RECORDS
from pipelines.demo.text import Bools, Ints, blank_unless, choose, day_text, join, number, pick
from pipelines.demo.world.city import City, written
from pipelines.demo.world.people import married_since
from pipelines.demo.world.today import today

_ETHNIC = [
    "",
    "汉族",
    "蒙古族",
    "回族",
    "藏族",
    "维吾尔族",
    "苗族",
    "彝族",
    "壮族",
    "布依族",
    "朝鲜族",
    "满族",
    "侗族",
    "瑶族",
    "白族",
    "土家族",
]
_MARITAL = {10: "未婚", 20: "已婚", 21: "初婚", 22: "再婚", 30: "丧偶", 40: "离婚"}
_INSURED_SHARE, _RECORD_SHARE = 0.85, 0.75  # of those employed; of all people


def scrambled(prefix: str, rows: Ints, width: int = 10) -> pa.Array:
    """Keys that are unique and do not show the order of the rows."""
    return join(prefix, number((rows.astype(np.int64) * 48271 + 7) % 10**width, width))


def _name(city: City, who: Ints) -> pa.Array:
    return city.people.name.take(pa.array(who))


def _citizen_id(city: City, who: Ints) -> pa.Array:
    return city.people.citizen_id.take(pa.array(who))


def _sex(city: City, who: Ints, male: str, female: str) -> pa.Array:
    return choose(city.people.male[who], male, female)


def _birth(city: City, who: Ints, form: str = "%Y%m%d") -> pa.Array:
    return day_text(city.people.birth[who], form)


def _address(city: City, homes: Ints, rng: np.random.Generator, shares: list[float]) -> pa.Array:
    """Addresses of homes; ``shares`` of those that begin with the province, city and county."""
    return city.people.homes.take(homes).render(rng.choice(3, len(homes), p=shares))


def _mobile(city: City, who: Ints) -> pa.Array:
    return number(city.people.mobile[who])


def _marital_word(codes: Ints) -> pa.Array:
    places = np.searchsorted(list(_MARITAL), codes)
    return pick(list(_MARITAL.values()), places)


# ---- public security: household register and its changes ----


def _registered(city: City) -> Ints:
    """Local people, without the children of the last days and with few of the dead."""
    people = city.people
    listed = people.alive() | (city.rng(10).random(len(people)) < 0.2)
    registered = np.ones(len(people), bool)
    registered[city.newborn] = False
    return np.flatnonzero(people.local & listed & registered)


def _household_registration(city: City, who: Ints, rng: np.random.Generator) -> Columns:
    people = city.people
    not_yet_moved = rng.random(len(who)) < 0.5  # of those who moved, as many are still at the old
    former = people.former_household[who]
    home = np.where((former >= 0) & not_yet_moved, former, city.home[who])
    changed = change_times(rng, len(who), today())
    if not city.is_first:
        moved = np.isin(who, city.events.person[city.events.moved_on >= 0])
        changed = choose(moved, f"{written(city.day - 1, '%Y-%m-%d')} 16:00:00", changed)
    return {
        "户籍编号": scrambled("HJ", who),
        "公民身份号码": _citizen_id(city, who),
        "姓名": _name(city, who),
        "性别": _sex(city, who, "1", "2"),
        "民族": number(people.ethnicity[who], 2),
        "出生日期": _birth(city, who),
        "婚姻状况": number(people.marital[who]),
        "户籍地区划": number(people.homes.take(home).region_codes()),
        "户籍地址": _address(city, home, rng, [0.9, 0.1, 0.0]),
        "户口性质": pick(["居民家庭户口", "集体户口"], (rng.random(len(who)) < 0.05).astype(int)),
        "更新时间": changed,
    }


def _population_changes(city: City, events: Ints, rng: np.random.Generator) -> Columns:
    log = city.events
    who, dies = log.person[events], log.death[events] >= 0
    day = np.where(dies, log.death[events], log.moved_on[events])
    recorded = np.minimum(day + rng.integers(0, 20, len(who)), city.day - 1)
    home = log.household[events]
    return {
        "变动编号": join("BD", number(log.first_number + events, 12)),
        "变动类型": choose(dies, "死亡注销", "市内迁移"),
        "公民身份号码": _citizen_id(city, who),
        "姓名": _name(city, who),
        "性别": _sex(city, who, "男", "女"),
        "出生日期": _birth(city, who, "%Y-%m-%d"),
        "死亡日期": blank_unless(dies, day_text(day, "%Y-%m-%d")),
        "迁入地区划": blank_unless(~dies, number(city.people.homes.take(home).region_codes())),
        "迁入地址": blank_unless(~dies, _address(city, home, rng, [0.9, 0.1, 0.0])),
        "登记时间": join(day_text(recorded, "%Y-%m-%d"), " 16:00:00"),
    }


# ---- human resources: social insurance ----


def _insured(city: City) -> Ints:
    chosen = city.rng(11).random(len(city.people)) < _INSURED_SHARE
    return np.flatnonzero((city.employer >= 0) & (chosen | city.insured_after_death))


def _social_insurance(city: City, who: Ints, rng: np.random.Generator) -> Columns:
    employer = city.employer[who]
    return {
        "个人编号": scrambled("6", who, 9),
        "身份证号": _citizen_id(city, who),
        "姓名": _name(city, who),
        "性别": _sex(city, who, "男", "女"),
        "出生年月日": _birth(city, who, "%Y-%m-%d"),
        "手机号码": _mobile(city, who),
        "参保单位名称": city.firms.name.take(pa.array(employer)),
        "居住地址": _address(city, city.people.household[who], rng, [0.2, 0.4, 0.4]),
        "参保状态": pick(["正常参保", "暂停缴费"], (rng.random(len(who)) < 0.1).astype(int)),
        "经办时间": change_times(rng, len(who), today()),
    }


# ---- civil affairs: marriages, one row per party ----


def _married(city: City) -> Ints:
    people = city.people
    since = (people.married_on >= married_since()) & (people.spouse >= 0)
    return np.flatnonzero(since)


def _marriages(city: City, who: Ints, rng: np.random.Generator) -> Columns:
    people = city.people
    couple = np.minimum(who, people.spouse[who])  # one number for both
    day = people.married_on[who]
    year = day_text(day, "%Y")
    return {
        "结婚登记字号": join("J130600-", year, "-", number(couple, 9)),
        "当事人": _sex(city, who, "男方", "女方"),
        "姓名": _name(city, who),
        "身份证件号": _citizen_id(city, who),
        "性别": _sex(city, who, "男", "女"),
        "民族": pick(_ETHNIC, people.ethnicity[who]),
        "出生日期": _birth(city, who, "%Y-%m-%d"),
        "婚姻状况": _marital_word(np.where(rng.random(len(who)) < 0.8, 20, 21)),
        "住址": _address(city, people.household[who], rng, [0.3, 0.4, 0.3]),
        "联系电话": _mobile(city, who),
        "登记日期": day_text(day, "%Y-%m-%d"),
        "备注": pick(["", "补领"], (rng.random(len(who)) < 0.03).astype(int)),
    }


# ---- health: medical records, in the pinyin abbreviations of an old system ----


def _patients(city: City) -> Ints:
    return np.flatnonzero(city.rng(12).random(len(city.people)) < _RECORD_SHARE)


def _medical_records(city: City, who: Ints, rng: np.random.Generator) -> Columns:
    people = city.people
    known_dead = (people.death[who] >= 0) & (rng.random(len(who)) < 0.7)
    guardian = _guardian(city, who, rng)
    return {
        "DAH": scrambled("D", who),
        "XM": _name(city, who),
        "GMSFHM": _citizen_id(city, guardian),
        "XB": _sex(city, who, "1", "2"),
        "MZ": number(people.ethnicity[who], 2),
        "CSRQ": _birth(city, who),
        "HYZK": number(people.marital[who]),
        "LXDH": _mobile(city, who),
        "XZZ": _address(city, people.household[who], rng, [0.1, 0.3, 0.6]),
        "SWRQ": blank_unless(known_dead, day_text(people.death[who])),
        "JDJG": join("云州市", pick(["第1", "第2", "第3"], who % 3), "社区卫生服务中心"),
        "GXSJ": change_times(rng, len(who), today()),
    }


def _guardian(city: City, who: Ints, rng: np.random.Generator) -> Ints:
    """The person whose number stands in the record: a few children have a parent's."""
    people = city.people
    head = np.searchsorted(people.household, people.household[who])
    parent: Bools = (people.age()[who] < 12) & (rng.random(len(who)) < 0.01)
    return np.where(parent, head, who)


# ---- education: pupils, over an HTTP interface ----


def _pupils(city: City) -> Ints:
    return np.flatnonzero(city.school >= 0)


def _students(city: City, who: Ints, rng: np.random.Generator) -> Columns:
    people = city.people
    return {
        "xjh": scrambled("G", who, 9),
        "xsxm": _name(city, who),
        "sfzjh": _citizen_id(city, _guardian(city, who, rng)),
        "xb": _sex(city, who, "男", "女"),
        "mz": pick(_ETHNIC, people.ethnicity[who]),
        "csrq": _birth(city, who, "%Y-%m-%d"),
        "xxmc": city.firms.name.take(pa.array(city.school[who])),
        "jtzz": _address(city, people.household[who], rng, [0.1, 0.5, 0.4]),
        "jhrdh": _mobile(city, who),
        "njmc": join(number(1 + people.age()[who] % 6), "年级"),
        "gxsj": change_times(rng, len(who), today()),
    }


FEEDS = (
    Feed(
        source="public_security__household_registration",
        entity="person",
        file="public_security/ga_hukou_{batch}.csv",
        elements={
            "公民身份号码": "citizen_id",
            "姓名": "person_name",
            "性别": "sex_code",
            "民族": "ethnicity_code",
            "出生日期": "birth_date",
            "婚姻状况": "marital_code",
            "户籍地区划": "region_code",
            "户籍地址": "address",
            "更新时间": "timestamp",
        },
        key=("户籍编号",),
        rows=_registered,
        build=_household_registration,
        writer=partial(DelimitedWriter, encoding="gb18030"),
        factor=0.3,
        changed_at="更新时间",
        daily=True,
        late_rows=lambda city: city.newborn,
    ),
    Feed(
        source="public_security__population_changes",
        entity="person",
        file="public_security/ga_biandong_{batch}.csv",
        elements={
            "公民身份号码": "citizen_id",
            "姓名": "person_name",
            "性别": "sex_code",
            "出生日期": "birth_date",
            "死亡日期": "date",
            "迁入地区划": "region_code",
            "迁入地址": "address",
            "登记时间": "timestamp",
        },
        key=("变动编号",),
        rows=lambda city: np.arange(len(city.events.person)),
        build=_population_changes,
        writer=partial(DelimitedWriter, encoding="gb18030"),
        factor=0.3,
        changed_at="登记时间",
        daily=True,
        subject=lambda city, events: city.events.person[events],
    ),
    Feed(
        source="human_resources__social_insurance",
        entity="person",
        file="human_resources/shebao_{batch}.txt",
        elements={
            "身份证号": "citizen_id",
            "姓名": "person_name",
            "性别": "sex_code",
            "出生年月日": "birth_date",
            "手机号码": "mobile",
            "参保单位名称": "organization_name",
            "居住地址": "address",
            "经办时间": "timestamp",
        },
        key=("个人编号",),
        rows=_insured,
        build=_social_insurance,
        writer=partial(DelimitedWriter, delimiter="|", newline="\n"),
        factor=0.8,
        changed_at="经办时间",
        plants=INSURED,
    ),
    Feed(
        source="civil_affairs__marriages",
        entity="person",
        file="civil_affairs/hunyin_{batch}.xlsx",
        elements={
            "姓名": "person_name",
            "身份证件号": "citizen_id",
            "性别": "sex_code",
            "民族": "ethnicity_code",
            "出生日期": "birth_date",
            "婚姻状况": "marital_code",
            "住址": "address",
            "联系电话": "mobile",
            "登记日期": "timestamp",
        },
        key=("结婚登记字号", "当事人"),
        rows=_married,
        build=_marriages,
        writer=partial(XlsxWriter, sheet="结婚登记", date_columns=("登记日期",)),
        spreadsheet=True,
        plants=MARRIAGES,
    ),
    Feed(
        source="health__medical_records",
        entity="person",
        file="health/jkda.db",
        elements={
            "XM": "person_name",
            "GMSFHM": "citizen_id",
            "XB": "sex_code",
            "MZ": "ethnicity_code",
            "CSRQ": "birth_date",
            "HYZK": "marital_code",
            "LXDH": "mobile",
            "XZZ": "address",
            "SWRQ": "date",
            "GXSJ": "timestamp",
        },
        key=("DAH",),
        rows=_patients,
        build=_medical_records,
        writer=partial(SqliteWriter, table="T_GRJKDA"),
        factor=1.6,
        spreadsheet=True,
        changed_at="GXSJ",
        plants=MEDICAL_RECORDS,
    ),
    Feed(
        source="education__students",
        entity="person",
        file="education/students_{batch}.jsonl",
        elements={
            "xsxm": "person_name",
            "sfzjh": "citizen_id",
            "xb": "sex_code",
            "mz": "ethnicity_code",
            "csrq": "birth_date",
            "xxmc": "text",
            "jtzz": "address",
            "jhrdh": "mobile",
            "gxsj": "timestamp",
        },
        key=("xjh",),
        rows=_pupils,
        build=_students,
        writer=JsonLinesWriter,
        factor=1.2,
        spreadsheet=True,
        changed_at="gxsj",
    ),
)
