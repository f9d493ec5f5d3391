"""Feeds of the four departments that issue licences."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.demo.deliveries.feed import Columns, Feed, change_times
from pipelines.demo.deliveries.population import scrambled
from pipelines.demo.deliveries.writers import DelimitedWriter, ParquetWriter, Writer
from pipelines.demo.dirt.contradictions import license_plants
from pipelines.demo.text import Ints, blank_unless, choose, day_text, pick
from pipelines.demo.world import trades
from pipelines.demo.world.city import City
from pipelines.demo.world.licenses import TYPES, type_codes
from pipelines.demo.world.today import today

_STATUS = {
    "plain": ("有效", "过期", "注销", "暂扣", "已换证"),
    "coded": ("01", "05", "04", "02", "05"),  # the construction ministry's set (domain.md 5.6)
}


def _status(city: City, which: Ints, words: tuple[str, ...]) -> pa.Array:
    """In force, expired, cancelled, suspended, or replaced by a later version."""
    licenses = city.licenses
    expired = (licenses.valid_to[which] >= 0) & (licenses.valid_to[which] < today())
    state = np.select(
        [~licenses.is_latest[which], licenses.cancelled[which], expired, licenses.suspended[which]],
        [4, 2, 1, 3],
        0,
    )
    return pick(words, state)


def _base(city: City, which: Ints, form: str) -> dict[str, pa.Array]:
    """What every licence has, by the name of the golden column."""
    licenses, firms, people = city.licenses, city.firms, city.people
    kind = licenses.kind[which]
    issuer = np.array([t.issuer for t in TYPES])[kind]
    of_person = licenses.person[which] >= 0
    person = pa.array(np.maximum(licenses.person[which], 0))
    firm = pa.array(np.maximum(licenses.firm[which], 0))
    valid_to = licenses.valid_to[which]
    return {
        "license_identifier": licenses.identifier.take(pa.array(which)),
        "license_number": licenses.number.take(pa.array(which)),
        "license_name": pick([t.name for t in TYPES], kind),
        "license_type_code": type_codes(kind, firms),
        "issuer_name": pick(trades.ORGANS, issuer),
        "issuer_uscc": firms.uscc.take(pa.array(issuer)),
        "holder_name": choose(of_person, people.name.take(person), firms.name.take(firm)),
        "holder_type": choose(of_person, "111", "001"),
        "holder_code": choose(of_person, people.citizen_id.take(person), firms.uscc.take(firm)),
        "issue_date": day_text(licenses.issued[which], form),
        "valid_from": day_text(licenses.issued[which], form),
        "valid_to": blank_unless(valid_to >= 0, day_text(valid_to, form)),
    }


# The physical names of each department for the golden columns; the order is that of delivery.
_MARKET = {
    "license_identifier": "ZZBS", "license_number": "ZZBH", "license_name": "ZZMC",
    "license_type_code": "ZZLXDM", "issuer_name": "ZZBFJG", "issuer_uscc": "ZZBFJGDM",
    "holder_name": "CZZT", "holder_type": "CZZTDMLXDM", "holder_code": "CZZTDM",
    "issue_date": "ZZBFRQ", "valid_from": "ZZYXQQSRQ", "valid_to": "ZZYXQJZRQ",
    "license_status": "ZZZT",
}  # fmt: skip
_HEALTH = {
    "license_number": "证书编号", "license_identifier": "电子证照标识", "license_name": "证书名称",
    "license_type_code": "证照类型代码", "holder_name": "持证人", "holder_type": "持证主体类型",
    "holder_code": "证件号码", "issuer_name": "发证机关", "issuer_uscc": "发证机关代码",
    "issue_date": "发证日期", "valid_from": "有效期起", "valid_to": "有效期止",
    "license_status": "证照状态",
}  # fmt: skip
_TRANSPORT = {
    "license_number": "许可证号", "license_identifier": "证照标识", "license_name": "许可证名称",
    "license_type_code": "类型代码", "holder_name": "业户名称或姓名", "holder_type": "主体类型代码",
    "holder_code": "统一社会信用代码或身份证号",
    "issuer_name": "核发机关", "issuer_uscc": "核发机关代码",
    "issue_date": "核发日期", "valid_from": "起始日期", "valid_to": "截止日期",
    "license_status": "状态",
}  # fmt: skip
_HOUSING = {
    "license_identifier": "证书标识", "license_number": "证书编号", "license_name": "证书类别",
    "license_type_code": "证书类型代码", "holder_name": "企业名称", "holder_type": "企业代码类型",
    "holder_code": "企业统一社会信用代码",
    "issuer_name": "发证机关",
    "issuer_uscc": "发证机关统一社会信用代码",
    "issue_date": "发证日期", "valid_from": "有效期开始", "valid_to": "有效期截止",
    "license_status": "证书状态",
}  # fmt: skip
_ELEMENTS = {
    "license_identifier": "license_identifier", "license_number": "text", "license_name": "text",
    "license_type_code": "text", "issuer_name": "organization_name", "issuer_uscc": "uscc",
    "holder_name": "text", "holder_type": "holder_type", "holder_code": "holder_code",
    "issue_date": "date", "valid_from": "date", "valid_to": "date",
    "license_status": "license_status",
}  # fmt: skip


def _build(
    city: City,
    which: Ints,
    rng: np.random.Generator,
    *,
    key: str,
    names: dict[str, str],
    changed_at: str,
    words: str,
    form: str,
) -> Columns:
    licenses = city.licenses
    base = _base(city, which, form)
    base["license_status"] = _status(city, which, _STATUS[words])
    again = licenses.version[which] == 2
    number_ = choose(
        again, scrambled("2", licenses.license[which]), scrambled("1", licenses.license[which])
    )
    columns = {key: number_}
    columns |= {physical: base[name] for name, physical in names.items()}
    columns[changed_at] = change_times(rng, len(which), today())
    return columns


def _feed(
    source: str,
    file: str,
    issuer: int,
    key: str,
    names: dict[str, str],
    changed_at: str,
    writer: Callable[[Path], Writer],
    *,
    words: str = "plain",
    form: str = "%Y-%m-%d",
    factor: float = 1.0,
    spreadsheet: bool = False,
) -> Feed:
    """A feed of one licensing department; they differ in names, format and care only."""
    elements = {physical: _ELEMENTS[name] for name, physical in names.items()}
    # A holder's code gets the dirt of citizen numbers where people hold the licences.
    dirt = "citizen_id" if issuer in {1, 2} else "uscc"
    # Numbers, names and types are printed by the system and always right.
    printed = {names["license_name"], names["license_type_code"], names["issuer_name"]}
    return Feed(
        source=source,
        entity="license",
        file=file,
        elements={**elements, changed_at: "timestamp"},
        key=(key,),
        rows=lambda city: city.licenses.rows(issuer),
        build=partial(_build, key=key, names=names, changed_at=changed_at, words=words, form=form),
        writer=writer,
        factor=factor,
        spreadsheet=spreadsheet,
        changed_at=changed_at,
        kinds={names["holder_code"]: dirt, **dict.fromkeys(printed, "")},
        subject=lambda city, which: city.licenses.license[which],
        plants=license_plants(names, _STATUS[words][0], form),
    )


FEEDS = (
    _feed(
        "market_regulation__business_licenses",
        "market_regulation/zzk_{batch}.parquet",
        0,
        "ZZID",
        _MARKET,
        "GXSJ",
        ParquetWriter,
        factor=0.4,
    ),
    _feed(
        "health__practice_licenses",
        "health/zyzz_{batch}.csv",
        1,
        "记录编号",
        _HEALTH,
        "更新时间",
        partial(DelimitedWriter, encoding="gb18030"),
        form="%Y/%m/%d",
        spreadsheet=True,
    ),
    _feed(
        "transport__transport_licenses",
        "transport/dlysxk_{batch}.csv.gz",
        2,
        "档案号",
        _TRANSPORT,
        "变更时间",
        partial(DelimitedWriter, delimiter=";"),
        form="%Y%m%d",
        factor=1.2,
    ),
    _feed(
        "housing__construction_qualifications",
        "housing/jzyzz_{batch}.txt",
        3,
        "序号",
        _HOUSING,
        "修改时间",
        partial(DelimitedWriter, delimiter="\t", encoding="utf-16"),
        words="coded",
        factor=1.3,
        spreadsheet=True,
    ),
)
