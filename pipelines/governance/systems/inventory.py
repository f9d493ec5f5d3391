"""System inventory (系统清册): read from a sheet, with what is wrong in it.

国办发〔2017〕39号 二(一) names eight fields; the others are ours, for the criteria of zombies.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pipelines.governance.cells import SheetFault, read_day, read_number, read_parts

# Name to title in the sheet: the eight fields of the policy, then what criteria are judged by.
SYSTEM_COLUMNS: Mapping[str, str] = {
    "name": "系统名称",
    "department": "责任单位",
    "function": "功能",
    "scope": "使用范围",
    "frequency": "使用频度",
    "approved_by": "审批部门",
    "approved_on": "审批时间",
    "funding": "经费来源",
    "office": "所属处室",
    "network": "所在网络",
    "protection_level": "等级保护级别",
    "connected": "接入共享平台",
    "tags": "功能标签",
    "sources": "数据源",
    "last_business": "最近业务日期",
    "last_release": "最近更新日期",
    "maintained_until": "运维合同到期",
    "monthly_users": "月活跃用户数",
    "monthly_logins": "月登录次数",
    "mean_cpu": "平均CPU利用率",
    "storage_growth": "半年存储增长率",
    "yearly_cost": "年运维费用（万元）",
}
POLICY_FIELDS = (
    *("name", "function", "scope", "frequency", "approved_by", "approved_on", "funding"),
    "department",
)
_DATES = ("approved_on", "last_business", "last_release", "maintained_until")
_NUMBERS = ("monthly_users", "monthly_logins", "mean_cpu", "storage_growth", "yearly_cost")
_SHARES = ("mean_cpu", "storage_growth")
_YES, _NO = frozenset({"是", "已接入", "有", "1"}), frozenset({"否", "未接入", "无", "0"})


@dataclass(frozen=True)
class System:
    """One system as its department describes it; None where it says nothing that can be read."""

    line: int
    texts: Mapping[str, str]
    days: Mapping[str, date]
    numbers: Mapping[str, float]
    tags: frozenset[str]
    sources: Sequence[str]
    connected: bool | None

    @property
    def name(self) -> str:
        """As in the sheet."""
        return self.texts["name"]

    @property
    def department(self) -> str:
        """As in the sheet."""
        return self.texts["department"]


def read_systems(
    rows: Iterable[tuple[int, Mapping[str, str]]], sources: Iterable[str], today: date
) -> tuple[list[System], list[SheetFault]]:
    """Systems of a sheet, each row one; what cannot be read is a fault and no value.

    Args:
        rows: Line and cells by name (``SYSTEM_COLUMNS``).
        sources: Names of sources that there are; a system may feed those.
        today: What has happened cannot lie ahead.
    """
    known, systems, faults = set(sources), [], []
    named: dict[tuple[str, str], int] = {}
    for line, cells in rows:
        system, found = _system(line, cells, today)
        systems.append(system)
        faults += found
        for source in system.sources:
            if source not in known:
                problem = f"没有数据源“{source}”。"
                faults.append(
                    _fault(system, "sources", problem, "请填写数据对接约定（报送目录）的名称。")
                )
        first = named.setdefault((system.department, system.name), line)
        if system.name and first != line:
            faults.append(_fault(system, "name", f"与第 {first} 行重复。", "一个系统只填一行。"))
    return systems, faults


def _system(line: int, cells: Mapping[str, str], today: date) -> tuple[System, list[SheetFault]]:
    texts = {name: cells.get(name, "").strip() for name in SYSTEM_COLUMNS}
    days = {n: day for n in _DATES if (day := read_day(texts[n]))}
    numbers = {
        n: value for n in _NUMBERS if (value := read_number(texts[n], n in _SHARES)) is not None
    }
    word = texts["connected"]
    connected = True if word in _YES else False if word in _NO else None
    system = System(
        line, texts, days, numbers, read_parts(texts["tags"]), sorted(read_parts(texts["sources"])),
        connected,
    )  # fmt: skip
    return system, [*_missing(system), *_unreadable(system, today)]


def _missing(system: System) -> list[SheetFault]:
    return [
        _fault(
            system, name, "没有填写。", "请填写；这是清册规定的内容（国办发〔2017〕39号 二(一)）。"
        )
        for name in POLICY_FIELDS
        if not system.texts[name]
    ]


def _unreadable(system: System, today: date) -> list[SheetFault]:
    faults = []
    for name in _DATES:
        if system.texts[name] and name not in system.days:
            faults.append(_fault(system, name, "不是日期。", "请写成 2026-07-01 或 2026年7月。"))
        elif name != "maintained_until" and system.days.get(name, today) > today:
            faults.append(_fault(system, name, "还没有到。", "请更正日期。"))
    faults += [
        _fault(system, name, "不是数字。", "请填数字，例如 120 或 3.5%。")
        for name in _NUMBERS
        if system.texts[name] and name not in system.numbers
    ]
    if system.texts["connected"] and system.connected is None:
        faults.append(_fault(system, "connected", "不是“是”或“否”。", "请填“是”或“否”。"))
    return faults


def _fault(system: System, column: str, problem: str, remedy: str) -> SheetFault:
    return SheetFault(system.line, system.name, SYSTEM_COLUMNS[column], problem, remedy)
