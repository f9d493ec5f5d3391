"""Notices to data owners: a delivery could not be taken, or did not come. No score, no thanks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.contracts.source import Source
from pipelines.errors import (
    BaselibError,
    BatchChanged,
    DeliveryUnfinished,
    MissingColumn,
    RowsMissing,
    UnreadableDelivery,
)
from pipelines.report.owner.render import Rendered, fill_template
from pipelines.standards.rules import Language

_WORDS_FILE = Path(__file__).parents[1] / "notices.yml"
_MOST_NAMES = 40  # columns that are listed
_LIKE_DATA = re.compile(r"\d{5}|@")  # what stands in place of a header may be somebody's
_HIDDEN = "…"


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a delivery, what to do, and the same for technicians (in English)."""

    cause: str  # names the kind of trouble: of one cause an owner is told once
    problem: str
    repair: str
    file: str = ""
    technical: str = ""


@dataclass(frozen=True)
class Overdue:
    """A delivery that has not come: the last one, and when the next was due."""

    last: date
    due: date
    today: date


def trouble_of(error: BaselibError, source: Source) -> Trouble | None:
    """What the owner can do about an error of landing; ``None`` where it is not his to mend."""
    w = _words(source.reporting.language)
    if isinstance(error, RowsMissing):
        numbers = {"expected": error.expected, "found": error.found}
        told = {name: f"{number:,}" for name, number in numbers.items()}
        told["missing"] = f"{error.expected - error.found:,}"
        return _trouble(w, "rows_missing", error, **told)
    if isinstance(error, DeliveryUnfinished):
        # One that is being written is waited for; one without its last line was cut off.
        return _trouble(w, "no_count_line", error, line=error.line) if error.line else None
    if source.server.kind != "file":
        return None
    if isinstance(error, MissingColumn):
        names = [name if not _LIKE_DATA.search(name) else _HIDDEN for name in error.found]
        found = "、".join(names[:_MOST_NAMES])
        return _trouble(w, "missing_columns", error, columns="、".join(error.columns), found=found)
    if isinstance(error, BatchChanged):
        return _trouble(w, "batch_changed", error, batch=error.batch)
    return _unreadable(w, error) if isinstance(error, UnreadableDelivery) else None


def render_trouble(trouble: Trouble, source: Source, batch: str, contact: str) -> Rendered:
    """The mail about a delivery that could not be taken."""
    w = _words(source.reporting.language)
    problem = trouble.problem if len(trouble.problem) < 60 else f"{trouble.problem[:58]}…"
    return _rendered(
        w["failed_subject"].format(title=source.title, batch=batch, problem=problem),
        source,
        contact,
        title=w["failed_title"],
        sentences=[w["kept"]],
        trouble=trouble,
    )


def render_reminder(
    overdue: Overdue, source: Source, contact: str, waiting: DeliveryUnfinished | None
) -> Rendered:
    """The mail about a delivery that did not come; ``waiting`` lies there and is not whole."""
    w = _words(source.reporting.language)
    told = w["reminder"].format(
        title=source.title,
        days=f"{source.frequency.total_seconds() / 86400:g}",
        last=overdue.last,
        due=overdue.due,
        late=(overdue.today - overdue.due).days,
    )
    return _rendered(
        w["reminder_subject"].format(title=source.title, due=overdue.due),
        source,
        contact,
        title=w["reminder_title"],
        sentences=[told, *_waits(w, waiting)],
        trouble=Trouble("", "", w["reminder_repair"]),
    )


def _waits(w: Mapping[str, Any], waiting: DeliveryUnfinished | None) -> Sequence[str]:
    if waiting is None:
        return []
    kind = "waits_marker" if waiting.marker else "waits_minutes"
    return [w[kind].format(file=waiting.file, marker=waiting.marker)]


def _trouble(w: Mapping[str, Any], cause: str, error: BaselibError, **facts: object) -> Trouble:
    return Trouble(
        cause,
        w[cause].format(**facts),
        w[f"{cause}_repair"].format(**facts),
        getattr(error, "file", ""),
    )


def _unreadable(w: Mapping[str, Any], error: UnreadableDelivery) -> Trouble:
    """By what the reader says: its words are English, and for technicians."""
    cause, _, problem, repair = next(
        each for each in w["problems"] if re.search(each[1], error.problem)
    )
    found = next((zh for en, zh in w["forms"].items() if en in error.problem), "")
    form = w["form"].format(found=found) if found else ""
    return Trouble(cause, problem.format(form=form), repair, error.file, str(error))


def _rendered(subject: str, source: Source, contact: str, **content: object) -> Rendered:
    w = _words(source.reporting.language)
    greeting = w["greeting"].format(department=source.owner.department, team=source.owner.team)
    fields = {
        "subject": subject,
        "greeting": greeting.replace(" ：", "：").replace(" :", ":"),
        "source": source,
        "contact": contact,
        "w": w,
        "english": source.reporting.language == "en",
        **content,
    }
    text, html = (fill_template(f"notice.{form}.j2", **fields) for form in ("txt", "html"))
    return Rendered(subject, text, html)


@cache
def _words(language: Language) -> Mapping[str, Any]:
    declared: Mapping[str, Any] = yaml.safe_load(_WORDS_FILE.read_text(encoding="utf-8"))
    words: Mapping[str, Any] = declared[language]
    return words
