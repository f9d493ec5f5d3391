"""Candidates of zombie systems (僵尸系统): five criteria of the policy, each hit with its evidence.

国办发〔2017〕39号 二(一) names the criteria; the measurable proxies and their limits are ours and
stand beside each hit. A hit makes a candidate: what becomes of a system is decided by people.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from pipelines.governance.systems.inventory import System

IDLE_DAYS = 365  # 12 months without business, or without release and maintenance
LEAST_CPU, LEAST_GROWTH = 0.05, 0.01  # below both for half a year: idle
LEAST_USERS, LEAST_LOGINS = 10, 1  # a month; logins per user and month
SAME_CONTENT = 0.95  # share of its entities that other systems hold, too; nor has it own items


@dataclass(frozen=True)
class MeasuredContent:
    """What was measured of a system's sources.

    Attributes:
        last_batch: Day of it.
        entities: Entities of the libraries that they know.
        held_elsewhere: Those of them that other systems know, too.
        items: Items of the libraries that they deliver.
        own_items: Those of them that nobody else delivers, or that their department leads.
    """

    last_batch: date | None
    entities: int = 0
    held_elsewhere: int = 0
    items: int = 0
    own_items: int = 0


_NOTHING = MeasuredContent(None)


@dataclass(frozen=True)
class Candidate:
    """A system with the criteria that it meets: criterion of the policy, and the evidence."""

    system: System
    hits: Mapping[str, str]
    unknown: Sequence[str] = field(default=())  # criteria that nothing was said about


def zombie_candidates(
    systems: Sequence[System], content: Mapping[int, MeasuredContent], today: date
) -> list[Candidate]:
    """Systems that meet at least one criterion of 二(一), in the order of the sheet.

    Args:
        systems: Of the inventory.
        content: What was measured of the sources that a system feeds, by its line.
        today: Ages are counted to here.
    """
    candidates = []
    for system in systems:
        judged = {name: rule(system, systems, content, today) for name, rule in _CRITERIA.items()}
        hits = {name: told for name, told in judged.items() if told}
        if hits:
            unknown = [name for name, told in judged.items() if told is None]
            candidates.append(Candidate(system, hits, unknown))
    return candidates


# A rule answers the evidence, "" where the criterion is not met, None where nothing is known.
_Evidence = str | None
_Rule = Callable[[System, Sequence[System], Mapping[int, MeasuredContent], date], _Evidence]


def _apart_from_business(
    system: System, _all: Sequence[System], content: Mapping[int, MeasuredContent], today: date
) -> _Evidence:
    measured = content.get(system.line, _NOTHING)
    known = (measured.last_batch, system.days.get("last_business"))
    last = max((day for day in known if day), default=None)
    if last is None:
        return None
    days = (today - last).days
    return (
        f"最近业务或报送日期 {last}，距今 {days} 天（≥ {IDLE_DAYS} 天）"
        if days >= IDLE_DAYS
        else ""
    )


def _replaceable(
    system: System, all_: Sequence[System], content: Mapping[int, MeasuredContent], _today: date
) -> _Evidence:
    same = [
        other.name
        for other in all_
        if other is not system
        and other.department == system.department
        and system.tags
        and system.tags <= other.tags
        and (system.tags != other.tags or other.line < system.line)
    ]
    if same:
        return f"功能标签（{'、'.join(sorted(system.tags))}）均为“{same[0]}”所有"
    measured = content.get(system.line, _NOTHING)
    entities, held = measured.entities, measured.held_elsewhere
    if measured.items and not measured.own_items and entities and held / entities >= SAME_CONTENT:
        share = f"{held:,}/{entities:,}（{held / entities:.1%}，≥ {SAME_CONTENT:.0%}）"
        return (
            f"报送的 {measured.items} 个信息项均另有数源，其对象的 {share}其他系统也有"
            "（未报送的内容未比对）"
        )
    return "" if system.tags or entities else None


def _idle(
    system: System, _all: Sequence[System], _content: Mapping[int, MeasuredContent], _today: date
) -> _Evidence:
    cpu, growth = system.numbers.get("mean_cpu"), system.numbers.get("storage_growth")
    if cpu is None or growth is None:
        return None
    if cpu < LEAST_CPU and abs(growth) < LEAST_GROWTH:
        return (
            f"平均 CPU 利用率 {cpu:.1%}（< {LEAST_CPU:.0%}），"
            f"半年存储增长 {growth:.1%}（< {LEAST_GROWTH:.0%}）"
        )
    return ""


def _unmaintained(
    system: System, _all: Sequence[System], _content: Mapping[int, MeasuredContent], today: date
) -> _Evidence:
    until, release = system.days.get("maintained_until"), system.days.get("last_release")
    if until is None and release is None:
        return None
    ended = until is not None and until < today
    old = release is not None and (today - release).days >= IDLE_DAYS
    told = [f"运维合同于 {until} 到期"] if ended else []
    told += [f"最近更新 {release}，距今 {(today - release).days} 天"] if old and release else []
    return "，".join(told) if ended or (old and until is None) else ""


def _little_used(
    system: System, _all: Sequence[System], _content: Mapping[int, MeasuredContent], _today: date
) -> _Evidence:
    users, logins = system.numbers.get("monthly_users"), system.numbers.get("monthly_logins")
    if users is None:
        return None
    if users < LEAST_USERS:
        return f"月活跃用户 {users:g} 人（< {LEAST_USERS}）"
    if logins is not None and logins / users < LEAST_LOGINS:
        return f"人均月登录 {logins / users:.2f} 次（< {LEAST_LOGINS}）"
    return ""


_CRITERIA: Mapping[str, _Rule] = {
    "使用与实际业务流程长期脱节": _apart_from_business,
    "功能可被其他系统替代": _replaceable,
    "所占用资源长期处于空闲状态": _idle,
    "运行维护停止更新服务": _unmaintained,
    "使用范围小、频度低": _little_used,
}
