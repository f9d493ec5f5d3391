"""Filing of projects (全口径备案): completeness and compliance of what departments file.

国办发〔2017〕39号 三(六) names eight fields, and that what does not comply gets neither approval
nor money; the rules are ours. A verdict is for whoever approves, it is no approval.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipelines.governance.cells import read_parts

PROJECT_COLUMNS: Mapping[str, str] = {
    "name": "项目名称",
    "builder": "建设单位",
    "investment": "投资额度（万元）",
    "maintenance": "运维费用（万元）",
    "funding": "经费渠道",
    "resources": "数据资源",
    "systems": "应用系统",
    "protection": "等级保护备案情况",
    "classified_protection": "分级保护备案情况",
    "connected": "接入共享平台",
}
_OPTIONAL = ("classified_protection", "connected")  # only of classified systems; ours
_AMOUNT = re.compile(r"\d[\d,]*(?:\.\d+)?\s*(?:万元)?")
_LEVEL = re.compile(r"[二三四2-4]级|第[二三四]级|备案(?:证明)?(?:编号|号)|\d{11}-\d{5}")
_NOT_DONE = re.compile(r"未|无|没有|待|正在")


@dataclass(frozen=True)
class Filing:
    """One project as it was filed: line, cells by name."""

    line: int
    texts: Mapping[str, str]

    @property
    def resources(self) -> Sequence[str]:
        """Resource codes of the catalogue that it makes or uses."""
        return _parts(self.texts["resources"])

    @property
    def systems(self) -> Sequence[str]:
        """Systems of the inventory that it builds or runs."""
        return _parts(self.texts["systems"])


@dataclass(frozen=True)
class Verdict:
    """A filing with what it lacks; it complies where that is nothing."""

    filing: Filing
    lacks: Sequence[str]

    @property
    def complies(self) -> bool:
        """Whether nothing is lacking."""
        return not self.lacks


def judge_filings(
    rows: Iterable[tuple[int, Mapping[str, str]]],
    codes: Collection[str],
    systems: Collection[str] | None,
) -> list[Verdict]:
    """Every project of a sheet, in its order.

    Args:
        rows: Line and cells by name (``PROJECT_COLUMNS``).
        codes: Resource codes of the catalogue.
        systems: Names of the inventory; None: there is none to compare with.
    """
    filings = [
        Filing(line, {name: cells.get(name, "").strip() for name in PROJECT_COLUMNS})
        for line, cells in rows
    ]
    first: dict[tuple[str, str], int] = {}
    verdicts = []
    for filing in filings:
        place = first.setdefault((filing.texts["builder"], filing.texts["name"]), filing.line)
        twice = [f"与第 {place} 行重复"] if filing.texts["name"] and place != filing.line else []
        verdicts.append(
            Verdict(filing, [*_missing(filing), *_wrong(filing, codes, systems), *twice])
        )
    return verdicts


def _missing(filing: Filing) -> list[str]:
    return [
        f"{title}没有填写"
        for name, title in PROJECT_COLUMNS.items()
        if name not in _OPTIONAL and not filing.texts[name]
    ]


def _wrong(filing: Filing, codes: Collection[str], systems: Collection[str] | None) -> list[str]:
    texts = filing.texts
    told = [
        f"{PROJECT_COLUMNS[name]}“{texts[name]}”不是金额"
        for name in ("investment", "maintenance")
        if texts[name] and not _AMOUNT.fullmatch(texts[name])
    ]
    told += [f"数据资源“{each}”不在资源目录中" for each in filing.resources if each not in codes]
    if systems is not None:
        told += [
            f"应用系统“{each}”不在系统清册中" for each in filing.systems if each not in systems
        ]
    protection = texts["protection"]
    if protection and (_NOT_DONE.search(protection) or not _LEVEL.search(protection)):
        told.append("没有完成等级保护备案")
    if texts["connected"] in ("否", "未接入", "无"):
        told.append("未接入共享平台")
    return told


def _parts(text: str) -> Sequence[str]:
    return sorted(read_parts(text))
