"""Answers for a whole pattern, expanded to the issues that have the same wrong value."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Engine

from pipelines.warehouse.people.corrections import find_alike


def expanded(engine: Engine, answers: pa.Table) -> pa.Table:
    """``answers`` with a row for every issue that a pattern's answer is about.

    Whoever answered a line by itself has decided it: there the pattern says nothing. A pattern of
    which no issue is open any more stays one row, and is told as such.
    """
    is_pattern = answers.column("for_all")
    patterns = answers.filter(is_pattern).to_pylist()
    if not patterns:
        return answers
    lines = answers.filter(pa.compute.invert(is_pattern))
    decided = {row["fingerprint"] for row in lines.to_pylist() if _is_answered(row)}
    alike: dict[str, list[str]] = defaultdict(list)
    for pattern, issue in find_alike(engine, [row["fingerprint"] for row in patterns]):
        alike[pattern].append(issue)
    rows: list[Mapping[str, Any]] = []
    for row in patterns:
        issues: Sequence[str] = alike.get(row["fingerprint"]) or [row["fingerprint"]]
        rows += [{**row, "fingerprint": issue} for issue in issues if issue not in decided]
    spread = pa.Table.from_pylist(rows, answers.schema)
    # The line of an issue that its pattern answers has nothing to say of it.
    answered = pa.array([row["fingerprint"] for row in rows], pa.string())
    open_lines = pa.compute.invert(pa.compute.is_in(lines.column("fingerprint"), answered))
    return pa.concat_tables([spread, lines.filter(open_lines)])


def _is_answered(row: Mapping[str, Any]) -> bool:
    return bool(row["correction"] is not None or row["confirmed"] or row["note"])
