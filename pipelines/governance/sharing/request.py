"""One sharing request (共享申请): what the law wants it to say, and what became of it.

政务数据共享条例 articles 20 to 22 and 27: a request says ground, scene, scope, mode and term; what
it lacks is asked for once; it is answered within working days; what was approved is delivered
within twenty; when its purpose is met the data are disposed of. A request is one reviewed file,
``governance/requests/<number>.yml``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Literal

import yaml
from pydantic import ConfigDict

from pipelines.errors import BaselibError, DeclarationRefused
from pipelines.standards.declared import build, read_yaml

FOLDER = "requests"
_STRICT = ConfigDict(extra="forbid")
_NUMBER = re.compile(r"\d{4}-\d{4,6}")
Decision = Literal["", "approved", "refused"]
DECISION_WORDS: Mapping[Decision, str] = {"": "", "approved": "同意", "refused": "不予共享"}
Step = Literal["ask", "complete", "extend", "approve", "refuse", "supply", "use", "dispose"]
# Names of the law's fields in a sheet; a request that lacks one of the last five is asked for it.
REQUEST_COLUMNS: Mapping[str, str] = {
    "consumer": "申请单位",
    "purpose": "申请事由",
    "resource": "信息资源代码",
    "wanted": "需求内容",
    "received": "受理日期",
    "head": "共享工作机构负责人意见",
    "basis": "使用依据",
    "scene": "使用场景",
    "scope": "使用范围",
    "mode": "共享方式",
    "until": "使用时限",
}
REQUIRED_OF_A_SHEET = ("consumer", "received", "basis")
_ASKED_FOR = ("basis", "scene", "scope", "mode", "until", "head")


@dataclass
class RequestRefused(BaselibError):
    """A step that a request cannot take as it stands."""

    number: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"Request {self.number}: {self.problem} {self.remedy}"


@dataclass(frozen=True)
class SharingRequest:
    """A request; a day is empty until that has happened. ``until``: ISO day, or words."""

    __pydantic_config__ = _STRICT

    consumer: str
    purpose: str
    received: date
    resource: str = ""  # code in the catalogue; empty: nobody has listed it
    wanted: str = ""  # what is needed, where it is not listed
    head: str = ""  # consent of the head of the consumer's share office (article 20)
    basis: str = ""
    scene: str = ""
    scope: str = ""
    mode: str = ""
    until: str = ""
    asked_on: date | None = None  # for what was lacking, once
    completed_on: date | None = None  # since when the clock runs, where something was lacking
    extended_by: str = ""  # consent of the authority
    decision: Decision = ""
    answered_on: date | None = None
    answered_by: str = ""  # number of the document, or who
    ground: str = ""  # of a refusal
    grant: str = ""  # file in grants/
    supplied_on: date | None = None
    used_for: str = ""  # 应用成效 (article 29)
    disposed_on: date | None = None
    disposal: str = ""  # proof
    number: str = field(default="", compare=False)
    file: Path = field(default=Path(), repr=False, compare=False)

    @property
    def lacks(self) -> list[str]:
        """Titles of what the law wants it to say and it does not."""
        lacks = [REQUEST_COLUMNS[name] for name in _ASKED_FOR if not getattr(self, name).strip()]
        return lacks + ([] if self.resource or self.wanted else [REQUEST_COLUMNS["wanted"]])

    @property
    def ends_on(self) -> date | None:
        """The last day of its term, where that is a day."""
        try:
            return date.fromisoformat(self.until)
        except ValueError:
            return None

    @property
    def clock_from(self) -> date | None:
        """The day of receipt that its limit counts from; ``None`` while papers are lacking."""
        return self.completed_on if self.asked_on else self.received


def read_requests(folder: Path) -> list[SharingRequest]:
    """The requests of a site by number; none where the folder is absent.

    Raises:
        DeclarationRefused: a file is no request, or says what cannot be.
    """
    return [_read(file) for file in sorted((folder / FOLDER).glob("*.yml"))]


def _read(file: Path) -> SharingRequest:
    given = {**read_yaml(file), "number": file.stem, "file": file}
    request: SharingRequest = build(SharingRequest, given, file)
    for where, problem, remedy in _faults(request):
        raise DeclarationRefused(file, where, problem, remedy)
    return request


def _faults(request: SharingRequest) -> Iterator[tuple[str, str, str]]:
    if not _NUMBER.fullmatch(request.number):
        yield "the file's name", "is no number of a request.", "Write year and number: 2026-0001."
    days = ("received", "asked_on", "completed_on", "answered_on", "supplied_on", "disposed_on")
    told = [(name, day) for name in days if (day := getattr(request, name))]
    for (earlier, before), (later, after) in pairwise(told):
        if after < before:
            yield later, f"lies before {earlier}.", "Correct one of the two days."
    if (request.decision == "") != (request.answered_on is None):
        yield "answered_on", "and decision belong together.", "Write both, or neither."
    if request.decision == "refused" and not request.ground.strip():
        yield "ground", "is missing: a refusal says its ground (article 21).", "Write it."
    if request.decision != "approved" and (request.grant or request.supplied_on):
        yield "grant", "was given without an approval.", "Write decision: approved."


def request_text(request: SharingRequest) -> str:
    """The file of a request: what is empty is left out."""
    told = {each.name: getattr(request, each.name) for each in fields(request)}
    kept = {k: v for k, v in told.items() if k not in ("number", "file") and v not in ("", None)}
    return yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=120)


def next_number(requests: list[SharingRequest], year: int) -> str:
    """The number after the highest of a year."""
    taken = [int(each.number[5:]) for each in requests if each.number.startswith(f"{year}-")]
    return f"{year}-{max(taken, default=0) + 1:04d}"


def advance(request: SharingRequest, step: Step, day: date, **told: str) -> SharingRequest:
    """The request after one step.

    Args:
        request: As it stands.
        step: ``ask`` for what is lacking (once), ``complete``, ``extend``, ``approve``, ``refuse``,
            ``supply``, ``use`` (what it was good for), ``dispose``.
        day: When.
        told: Fields that the step fills in: ``answered_by, ground, grant, extended_by, used_for,
            disposal`` and those that were lacking.

    Raises:
        RequestRefused: the law, or what happened before, does not allow the step.
    """
    for problem, remedy in _objections(request, step, day, told):
        raise RequestRefused(request.number, problem, remedy)
    dated: dict[Step, dict[str, object]] = {
        "ask": {"asked_on": day},
        "complete": {"completed_on": day},
        "approve": {"decision": "approved", "answered_on": day},
        "refuse": {"decision": "refused", "answered_on": day},
        "supply": {"supplied_on": day},
        "dispose": {"disposed_on": day},
    }
    return replace(request, **dated.get(step, {}), **told)  # type: ignore[arg-type]


_TOLD: Mapping[Step, str] = {
    "extend": "extended_by", "approve": "answered_by", "refuse": "ground", "use": "used_for",
    "dispose": "disposal",
}  # fmt: skip


def _objections(
    request: SharingRequest, step: Step, day: date, told: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    needed = _TOLD.get(step)
    if needed and not told.get(needed, "").strip():
        yield f"{step} needs {needed}.", "Say it: the register keeps it."
    last = max(
        filter(None, (request.received, request.asked_on, request.completed_on,
                      request.answered_on, request.supplied_on))
    )  # fmt: skip
    if day < last:
        yield f"the last thing was noted for {last}.", "Give a day that is not before it."
    if step in ("ask", "complete", "extend", "approve", "refuse") and request.decision:
        yield f"it was {request.decision} already.", "Make a new request."
    if step == "ask" and request.asked_on:
        yield "it was asked for papers before; the law allows that once.", "Answer it."
    if step == "ask" and not request.lacks:
        yield "it lacks nothing.", "Answer it."
    if step == "complete" and request.asked_on is None:
        yield "nothing was asked for.", "Answer it."
    if step == "extend" and request.extended_by:
        yield "it was extended before.", "Answer it."
    if step in ("supply", "use", "dispose") and request.decision != "approved":
        yield "it was not approved.", "Approve it first."
    if step == "approve" and (lacks := replace(request, **told).lacks):  # type: ignore[arg-type]
        yield f"it lacks {'、'.join(lacks)}.", "Ask for it, once: `requests ask`."
    if step in ("supply", "dispose") and getattr(request, _DAY[step]):
        yield "that was noted before.", "Look at the file."


_DAY: Mapping[str, str] = {"supply": "supplied_on", "dispose": "disposed_on"}
