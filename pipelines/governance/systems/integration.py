"""Integration list (整合共享清单): which systems are to be merged or connected, and why."""

from collections.abc import Sequence
from itertools import combinations

from pipelines.governance.systems.inventory import System


def integration_list(systems: Sequence[System]) -> list[tuple[System, Sequence[str]]]:
    """Systems that are to be integrated or connected (二(二)), each with the reasons."""
    shared = _shared_functions(systems)
    listed: list[tuple[System, Sequence[str]]] = []
    for system in systems:
        reasons = []
        if system.texts["office"]:
            reasons.append(f"处室级独立系统（{system.texts['office']}），应并入部门系统")
        if system.line in shared:
            reasons.append(f"与“{shared[system.line].name}”功能相同")
        if system.connected is False:
            reasons.append("未接入共享平台")
        if reasons:
            listed.append((system, reasons))
    return listed


def _shared_functions(systems: Sequence[System]) -> dict[int, System]:
    """By line, another system of the department with the same functions."""
    found: dict[int, System] = {}
    for one, other in combinations(systems, 2):
        if one.tags and one.tags == other.tags and one.department == other.department:
            found.setdefault(one.line, other)
            found.setdefault(other.line, one)
    return found
