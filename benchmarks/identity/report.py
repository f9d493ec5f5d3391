"""What the scoreboard says: tables in Markdown, and everything as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.identity.contest import Cost
from benchmarks.identity.scores import Anatomy, Calibration, Quality, Rows, Scores
from benchmarks.machine import Machine

TITLES = {"population": "Persons", "legal_entity": "Enterprises"}
GOALS = {  # precision, recall, share decided: the ONS census standard for persons
    "population": (0.9996, 0.9975, 0.93),
    "legal_entity": (0.999, 0.99, None),
}


@dataclass(frozen=True)
class Outcome:
    """What one contestant made of one library."""

    contestant: str
    scores: Scores | None  # None: it failed
    cost: Cost | None
    remark: str = ""


@dataclass(frozen=True)
class Board:
    """All contestants on one library."""

    library: str
    records: int
    entities: int
    outcomes: Sequence[Outcome]
    world: str = "city"


def as_markdown(boards: Sequence[Board], machine: Machine, scale: int, seed: int) -> str:
    """The tables of README.md; the anatomy and the groups are of this project."""
    head = (
        f"Scale {scale:,}, seed {seed}. {machine.cores} cores, {machine.memory_gib} GiB, "
        f"Python {machine.python}; load before the run {machine.load}."
    )
    parts = [head]
    for board in boards:
        parts.append(_board(board))
        for outcome in board.outcomes:
            if outcome.contestant == "baselib" and outcome.scores:
                parts += [
                    _goals(board.library, outcome.scores),
                    *(_group(name, group) for name, group in outcome.scores.groups.items()),
                    *_calibration(outcome.scores.calibration),
                    _rules(outcome.scores.rules),
                    *anatomy_tables(outcome.scores.anatomy),
                ]
    return "\n\n".join(part for part in parts if part)


def write(boards: Sequence[Board], machine: Machine, scale: int, seed: int, folder: Path) -> Path:
    """``scoreboard_<scale>.json`` and ``.md`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"scoreboard_{scale}.json"
    result = {"scale": scale, "seed": seed, "machine": asdict(machine),
            "boards": [asdict(board) for board in boards]}  # fmt: skip
    file.write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
    text = as_markdown(boards, machine, scale, seed)
    file.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    return file


def _board(board: Board) -> str:
    title = TITLES[board.library] + ("" if board.world == "city" else f" of {board.world}")
    lines = [
        f"### {title}: {board.records:,} records of {board.entities:,}",
        "",
        "| | precision | recall | F1 | B³ F1 | decided | calibration error | seconds | CPU s "
        "| peak MiB |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for outcome in board.outcomes:
        if outcome.scores is None or outcome.cost is None:
            lines.append(f"| {outcome.contestant} | {outcome.remark} " + "| " * 8 + "|")
            continue
        scores, cost = outcome.scores, outcome.cost
        whole = scores.overall
        error = scores.calibration.error if scores.calibration else None
        cells = [
            *(f"{value:.5f}" for value in (whole.precision, whole.recall, whole.f1, whole.b3)),
            "–" if scores.decided is None else f"{scores.decided:.4f}",
            "–" if error is None else f"{error:.4f}",
            f"{cost.seconds:,.1f}",
            f"{cost.cpu_seconds:,.1f}",
            f"{cost.peak_mib:,}",
        ]
        lines.append(f"| {outcome.contestant} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _goals(library: str, scores: Scores) -> str:
    names = ("precision", "recall", "decided without a steward")
    here = (scores.overall.precision, scores.overall.recall, scores.decided)
    lines = ["| baselib | here | wanted | |", "|---|--:|--:|---|"]
    for name, got, goal in zip(names, here, GOALS[library], strict=True):
        if goal is not None and got is not None:
            verdict = "met" if got >= goal else "not met"
            lines.append(f"| {name} | {got:.5f} | ≥ {goal} | {verdict} |")
    return "\n".join(lines)


def _group(name: str, group: Mapping[str, Quality]) -> str:
    lines = [f"| {name} | records | precision | recall | F1 | B³ F1 |", "|---|--:|--:|--:|--:|--:|"]
    for value, quality in group.items():
        figures = (quality.precision, quality.recall, quality.f1, quality.b3)
        result = " | ".join(f"{figure:.5f}" for figure in figures)
        lines.append(f"| {value} | {quality.records:,} | {result} |")
    return "\n".join(lines)


def _calibration(found: Calibration | None) -> Sequence[str]:
    if found is None:
        return []
    lines = ["| probability | pairs | mean predicted | share that match |", "|---|--:|--:|--:|"]
    for low, high, pairs, mean, share in found.bins:
        lines.append(f"| {low:g} to {high:g} | {pairs:,} | {mean:.4f} | {share:.4f} |")
    return ["\n".join(lines)]


def _rules(rules: Rows) -> str:
    if not rules:
        return ""
    lines = ["| rule | records joined | of them wrongly |", "|---|--:|--:|"]
    lines += [f"| {rule} | {records:,} | {wrong:,} |" for rule, records, wrong in rules]
    return "\n".join(lines)


def anatomy_tables(anatomy: Anatomy) -> Sequence[str]:
    """Which planted situation is in how many wrong and missed pairs, alone and combined."""
    lines = ["| planted | in wrong pairs | in missed pairs | records |", "|---|--:|--:|--:|"]
    lines += [f"| {tag} | {wrong:,} | {missed:,} | {n:,} |"
              for tag, wrong, missed, n in anatomy.by_tag if wrong or missed]  # fmt: skip
    tables = ["\n".join(lines)]
    for title, rows in (("wrong", anatomy.wrong), ("missed", anatomy.missed)):
        lines = [f"| one record | the other | {title} pairs | for example |", "|---|---|--:|---|"]
        lines += [f"| {one} | {other} | {n:,} | {example} |" for one, other, n, example in rows]
        tables.append("\n".join(lines))
    return tables
