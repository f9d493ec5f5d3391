"""Rows for the tables of the national service platform (``up_*``): which golden column feeds which.

Tables are declared in ``upward.yml``, which says what of them is public and what is ours. Nothing
is made up: a column that nothing feeds is empty, and the sheet of fields (``field_table``) says so,
with how many rows lack what is required or are longer than the platform takes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from pipelines.governance.tables import OutputTable, Value

FILE = Path(__file__).with_name("upward.yml")
MOST_DATA_SOURCE = 3  # signs of `data_source`; the platform gives the code


@dataclass(frozen=True)
class UpwardColumn:
    """One column: title, greatest length, whether required, what feeds it, what is open."""

    title: str
    most: int
    required: bool = False
    golden: str = ""
    open: str = ""


@dataclass(frozen=True)
class UpwardTable:
    """One table: the library, which entities belong into it, its columns."""

    title: str
    library: str
    columns: Mapping[str, UpwardColumn]
    prefixes: Sequence[str] = ()  # of the social credit code; none: all


_COMMON: Mapping[str, UpwardColumn] = {
    "cd_operation": UpwardColumn("同步类型", 2, required=True),
    "cd_batch": UpwardColumn("批次号", 32, required=True),
    "cd_time": UpwardColumn("同步时间", 20, required=True),
    "data_source": UpwardColumn(
        "数据来源", MOST_DATA_SOURCE, required=True, open="由平台分配，用 --data-source 给出"
    ),
}


@cache
def upward_tables() -> Mapping[str, UpwardTable]:
    """The tables by name."""
    declared = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {name: _table(told) for name, told in declared.items()}


def _table(told: Mapping[str, object]) -> UpwardTable:
    columns: Mapping[str, Mapping[str, object]] = told["columns"]  # type: ignore[assignment]
    read = {
        name: UpwardColumn(**{"golden" if key == "from" else key: v for key, v in each.items()})  # type: ignore[arg-type]
        for name, each in columns.items()
    }
    return UpwardTable(**{**told, "columns": read})  # type: ignore[arg-type]


def upward_rows(
    table: UpwardTable, core: ir.Table, batch: str, moment: datetime, data_source: str
) -> ir.Table:
    """The rows of a table out of golden records, all as text, in the order of their keys."""
    if table.prefixes:
        code = core.uscc.cast("string")
        core = core.filter(ibis.or_(*(code.startswith(each) for each in table.prefixes)))
    nothing = ibis.literal(None, type="string")
    values = {
        name: core[column.golden].cast("string") if column.golden else nothing
        for name, column in table.columns.items()
    }
    common = {
        "cd_operation": ibis.literal("I"),
        "cd_batch": ibis.literal(batch),
        "cd_time": ibis.literal(f"{moment:%Y-%m-%d %H:%M:%S}"),
        "data_source": ibis.literal(data_source),
    }
    return core.order_by("entity_id").select(**values, **common)


def field_table(rows: Mapping[str, pa.Table], titles: Mapping[tuple[str, str], str]) -> OutputTable:
    """上报字段对照表: a row per column, with what is missing of what the platform wants.

    Args:
        rows: Of each table that was written, as ``upward_rows`` gives them.
        titles: Of golden columns, by library and column.
    """
    listed: list[Sequence[Value]] = []
    for name, written in rows.items():
        table = upward_tables()[name]
        for column, told in {**table.columns, **_COMMON}.items():
            values = written[column].cast("string")
            empty = pc.sum(pc.equal(pc.utf8_length(pc.fill_null(values, "")), 0)).as_py() or 0
            long = pc.sum(pc.greater(pc.utf8_length(values), told.most)).as_py() or 0
            listed.append(
                (
                    name, table.title, column, told.title, "是" if told.required else "否",
                    told.most, titles.get((table.library, told.golden), ""),
                    len(written), int(empty), int(long), told.open,
                )
            )  # fmt: skip
    return OutputTable(
        "国家政务服务平台上报字段对照表",
        (
            *("表名", "表说明", "字段名", "字段说明", "必填", "最大长度", "取自基础库信息项"),
            *("记录数", "空值数", "超长数", "待确认事项"),
        ),
        listed,
        "表名、字段名、长度和必填项取自公开的建表语句（2020 年），平台的正式规范未公开；"
        "取值对应关系和各表的主体范围为本系统自定，上报前请与平台核对。",
    )
