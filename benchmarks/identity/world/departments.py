"""The departments as source contracts, so that the project's own parsers read their files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.identity.world.codepoints import Ints, Texts
from pipelines.contracts.source import Owner, Server, Source, SourceColumn

BATCH = "20260630"

# name here, name there, element
_PEOPLE = {
    "key": ("source_key", "编号", None),
    "number": ("citizen_id", "公民身份号码", "citizen_id"),
    "name": ("person_name", "姓名", "person_name"),
    "sex": ("sex_code", "性别", "sex_code"),
    "ethnicity": ("ethnicity_code", "民族", "ethnicity_code"),
    "birth": ("birth_date", "出生日期", "birth_date"),
    "region": ("residence_region_code", "户籍地区划", "region_code"),
    "address": ("residence_address", "住址", "address"),
    "mobile": ("mobile", "联系电话", "mobile"),
    "employer": ("employer_name", "工作单位", "organization_name"),
    "school": ("school_name", "学校", "text"),
    "changed": ("changed_at", "更新时间", "timestamp"),
}
_FIRMS = {
    "key": ("source_key", "编号", None),
    "code": ("uscc", "统一社会信用代码", "uscc"),
    "organization": ("organization_code", "组织机构代码", "organization_code"),
    "registration": ("registration_number", "注册号", "registration_number"),
    "name": ("organization_name", "名称", "organization_name"),
    "representative": ("legal_representative_name", "法定代表人", "person_name"),
    "representative_id": ("legal_representative_citizen_id", "法定代表人证件号码", "citizen_id"),
    "capital": ("registered_capital", "注册资本", "money"),
    "established": ("establishment_date", "成立日期", "date"),
    "cancelled": ("cancellation_date", "注销日期", "date"),
    "status": ("entity_status", "状态", "entity_status"),
    "region": ("region_code", "区划", "region_code"),
    "address": ("registered_address", "地址", "address"),
    "phone": ("phone", "联系电话", "phone"),
    "changed": ("changed_at", "更新时间", "timestamp"),
}

PERSON_COLUMNS = {
    "public_security__residents": "key number name sex ethnicity birth region address changed",
    "human_resources__insured": "key number name sex birth mobile employer address changed",
    "health__patients": "key number name sex ethnicity birth mobile employer address changed",
    "civil_affairs__spouses": "key number name sex ethnicity birth region address mobile changed",
    "education__pupils": "key number name sex ethnicity birth school address mobile changed",
}
FIRM_COLUMNS = {
    "market_regulation__firms": "key code registration name representative representative_id "
    "capital established cancelled status region address phone changed",
    "taxation__taxpayers": "key code name representative representative_id capital established "
    "status region address phone changed",
    "human_resources__units": "key name code organization representative address region phone "
    "status changed",
}


@dataclass(frozen=True)
class FileOf:
    """One department's file: its columns by short name, and what is true about each row."""

    source: str
    columns: Mapping[str, Texts]
    entity: Ints
    bits: Ints  # what was planted, see planted.py
    groups: Mapping[str, Texts]  # for whom results are told apart


def sources(library: str, columns_of: Mapping[str, str]) -> Sequence[Source]:
    """The contracts of files of ``population`` or ``legal_entity``: source to its columns."""
    vocabulary = _PEOPLE if library == "population" else _FIRMS
    return [_source(name, library, [vocabulary[c] for c in columns.split()])
            for name, columns in columns_of.items()]  # fmt: skip


def physical(library: str, column: str) -> str:
    """The department's own name of a column."""
    return (_PEOPLE if library == "population" else _FIRMS)[column][1]


def _source(name: str, library: str, columns: Sequence[tuple[str, str, str | None]]) -> Source:
    made = [SourceColumn(here, there, element, primary_key=element is None)
            for here, there, element in columns]  # fmt: skip
    return Source(
        name=name,
        title=name,
        library=library,
        file=Path(f"{name}.yml"),
        server=Server("file", "parquet", f"{name}.parquet"),
        columns=made,
        owner=Owner(name.split("__")[0], "", ()),
        delivery="snapshot",
        schedule=None,
        frequency=timedelta(days=7),
        changed_at="changed_at",
    )
