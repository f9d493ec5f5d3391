"""Register of personal-information impact assessments: ``governance/assessments.yml``.

个人信息保护法 articles 55 and 56: whether purpose and means are lawful, proper, necessary; what it
means for the persons, and the risks; whether what protects them is lawful, effective and fits the
risk. Report and record of processing are kept for three years at least.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict

from pipelines.errors import DeclarationRefused
from pipelines.governance.tables import OutputTable, Value
from pipelines.standards.declared import build, read_yaml

FILE_NAME = "assessments.yml"
KEPT_YEARS = 3
_STRICT = ConfigDict(extra="forbid")
Risk = Literal["low", "medium", "high"]
RISKS: Mapping[Risk, str] = {"low": "低", "medium": "中", "high": "高"}


@dataclass(frozen=True)
class Assessment:
    """One assessment; ``about``: origins of the catalogue, and ``return <recipient>``."""

    __pydantic_config__ = _STRICT

    title: str
    about: Sequence[str]
    purpose: str  # 处理目的、处理方式是否合法、正当、必要
    impact: str  # 对个人权益的影响及安全风险
    measures: str  # 所采取的保护措施是否合法、有效并与风险程度相适应
    risk: Risk
    assessed_by: str
    assessed_on: date
    valid_to: date
    number: str = ""
    file: Path = field(default=Path(), repr=False, compare=False)

    @property
    def kept_until(self) -> date:
        """The day until which report and record are kept at least: three years on."""
        day = self.assessed_on
        leap = (day.month, day.day) == (2, 29)
        return date(day.year + KEPT_YEARS, 3 if leap else day.month, 1 if leap else day.day)


@dataclass(frozen=True)
class Processing:
    """What an assessment has to be about: a grant, a return, an open data set."""

    origin: str
    title: str
    items: Sequence[str]  # titles of what is about persons
    assessment: str  # number that its own declaration names


def read_assessments(folder: Path) -> Mapping[str, Assessment]:
    """The assessments by number; none where there is no file.

    Raises:
        DeclarationRefused: one says too little, or its term ends before it began.
    """
    file = folder / FILE_NAME
    if not file.exists():
        return {}
    found = {}
    for number, given in read_yaml(file).items():
        raw = given if isinstance(given, dict) else {}
        one: Assessment = build(Assessment, {**raw, "number": number, "file": file}, file, number)
        for where, problem in _faults(one):
            raise DeclarationRefused(file, f"{number}.{where}", problem, "Write it.")
        found[number] = one
    return found


def _faults(one: Assessment) -> Iterator[tuple[str, str]]:
    for name in ("title", "purpose", "impact", "measures", "assessed_by"):
        if not getattr(one, name).strip():
            yield name, "is empty."
    if not one.about:
        yield "about", "names nothing."
    if one.valid_to < one.assessed_on:
        yield "valid_to", "lies before assessed_on."


def unassessed(
    processings: Sequence[Processing], assessments: Mapping[str, Assessment], today: date
) -> Iterator[tuple[Processing, str]]:
    """What handles personal items without an assessment in force, and what is wrong."""
    for each in processings:
        if not each.items:
            continue
        named = assessments.get(each.assessment)
        about = [one for one in assessments.values() if each.origin in one.about]
        if each.assessment and named is None:
            yield each, f"登记簿中没有 {each.assessment}"
        elif named is not None and each.origin not in named.about:
            yield each, f"{each.assessment} 不是对它的评估"
        elif not about:
            yield each, "没有影响评估"
        elif all(one.valid_to < today for one in about):
            yield each, f"影响评估已于 {max(one.valid_to for one in about)} 到期"


def assessment_table(
    assessments: Mapping[str, Assessment],
    missing: Sequence[tuple[Processing, str]],
    today: date,
    names: Mapping[str, str],
) -> OutputTable:
    """个人信息保护影响评估登记簿, with what lacks one; ``names``: of origins, for people."""
    rows: list[Sequence[Value]] = [
        (
            one.number, one.title, "、".join(names.get(each, each) for each in one.about),
            one.purpose, one.impact, one.measures,
            RISKS[one.risk], one.assessed_by, str(one.assessed_on), str(one.valid_to),
            str(one.kept_until),
            "有效" if one.valid_to >= today else "已到期",
        )
        for one in assessments.values()
    ]  # fmt: skip
    rows += [
        ("", each.title, names.get(each.origin, each.origin), *[""] * 8, why)
        for each, why in missing
    ]
    return OutputTable(
        "个人信息保护影响评估登记簿",
        (
            *("编号", "评估事项", "涉及的数据", "目的和方式是否合法正当必要"),
            *("对个人权益的影响及安全风险", "保护措施及其有效性", "风险程度", "评估人"),
            *("评估日期", "有效期至", "保存至少至", "情况"),
        ),
        rows,
        f"截至 {today}。依据《个人信息保护法》第五十五条、第五十六条，"
        "报告和处理情况记录至少保存三年。",
    )
