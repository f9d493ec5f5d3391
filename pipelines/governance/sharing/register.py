"""The register of requests as of a day: due days, states, and demand that nothing supplies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pipelines.errors import CalendarUnknown
from pipelines.governance.duties import LIMITS, DutyKind
from pipelines.governance.resources.entry import SHARE_TYPES, Entry
from pipelines.governance.sharing.request import SharingRequest
from pipelines.standards.working_days import WorkingCalendar

RequestState = Literal[
    "lacking", "waiting", "running", "late", "refused", "to_supply", "supply_late", "supplied",
    "to_dispose", "disposed",
]  # fmt: skip
REQUEST_STATES: Mapping[RequestState, str] = {
    "lacking": "待补正",
    "waiting": "待补正（已一次性告知）",
    "running": "在办",
    "late": "逾期未答复",
    "refused": "不予共享",
    "to_supply": "已同意，待提供",
    "supply_late": "已同意，逾期未提供",
    "supplied": "已提供",
    "to_dispose": "使用期满，待处置",
    "disposed": "已处置",
}


@dataclass(frozen=True)
class JudgedRequest:
    """A request with what it is about, the duty that runs, until when, and whether that is over."""

    request: SharingRequest
    entry: Entry | None  # None: the catalogue does not have it
    kind: DutyKind
    due: date | None  # of the answer; None: it cannot be said yet
    supply_due: date | None
    state: RequestState

    @property
    def provider(self) -> str:
        """Title of the department that answers; empty where nobody has the resource."""
        return self.entry.provider if self.entry else ""

    @property
    def answered_in_time(self) -> bool | None:
        """Whether the answer came within the limit; ``None``: the limit has not ended."""
        if self.request.answered_on and self.due:
            return self.request.answered_on <= self.due
        return False if self.state == "late" else None

    @property
    def supplied_in_time(self) -> bool | None:
        """The same of the delivery."""
        if self.request.supplied_on and self.supply_due:
            return self.request.supplied_on <= self.supply_due
        return False if self.state == "supply_late" else None


def judge_requests(
    requests: Iterable[SharingRequest],
    entries: Sequence[Entry],
    limits: Mapping[DutyKind, int],
    today: date,
    calendar: WorkingCalendar,
) -> list[JudgedRequest]:
    """Each request as of today."""
    by_code = {each.code: each for each in entries if each.code}
    return [_judged(each, by_code.get(each.resource), limits, today, calendar) for each in requests]


def request_kind(entry: Entry | None) -> DutyKind:
    """Which limit an answer has: by sharing type where it is listed, else the longest."""
    if entry is None:
        return "request_unlisted"
    is_free = entry.share_type == SHARE_TYPES["unconditional"]
    return "request_unconditional" if is_free else "request_listed"


def _judged(
    request: SharingRequest,
    entry: Entry | None,
    limits: Mapping[DutyKind, int],
    today: date,
    calendar: WorkingCalendar,
) -> JudgedRequest:
    kind = request_kind(entry)
    more = LIMITS[kind].extended - LIMITS[kind].days if request.extended_by else 0
    due = _due(calendar, request.clock_from, limits[kind] + more)
    approved = request.answered_on if request.decision == "approved" else None
    supply_due = _due(calendar, approved, limits["supply"])
    return JudgedRequest(
        request, entry, kind, due, supply_due, _state(request, due, supply_due, today)
    )


def _due(calendar: WorkingCalendar, begin: date | None, days: int) -> date | None:
    """``None`` also where the days of a year to come are not known yet."""
    if begin is None:
        return None
    try:
        return calendar.due(begin, days)
    except CalendarUnknown:
        return None


def _state(
    request: SharingRequest, due: date | None, supply_due: date | None, today: date
) -> RequestState:
    if request.disposed_on:
        return "disposed"
    if request.decision == "refused":
        return "refused"
    if request.decision == "":
        if request.asked_on and not request.completed_on:
            return "waiting"
        if due and today > due:
            return "late"
        return "lacking" if request.lacks else "running"
    if request.ends_on and today > request.ends_on:
        return "to_dispose"
    if request.supplied_on:
        return "supplied"
    return "supply_late" if supply_due and today > supply_due else "to_supply"


@dataclass(frozen=True)
class Demand:
    """What is asked for and not supplied: by whom, how often, since when, why not."""

    wanted: str
    consumers: Sequence[str]
    since: date
    numbers: Sequence[str]
    why: str


_REFUSED, _UNLISTED, _LATE = "不予共享", "目录中没有", "逾期未答复或未提供"


def unmet_demand(judged: Iterable[JudgedRequest]) -> list[Demand]:
    """Demand without supply, the most wanted first: not listed, refused, or late."""
    groups: dict[tuple[str, str], list[JudgedRequest]] = {}
    for each in judged:
        if why := _why_not(each):
            name = each.entry.name if each.entry else each.request.wanted or each.request.resource
            groups.setdefault((name.strip(), why), []).append(each)
    demands = [
        Demand(
            name,
            list(dict.fromkeys(each.request.consumer for each in group)),
            min(each.request.received for each in group),
            [each.request.number for each in group],
            why,
        )
        for (name, why), group in groups.items()
    ]
    return sorted(demands, key=lambda each: (-len(each.consumers), each.since, each.wanted))


def _why_not(each: JudgedRequest) -> str:
    if each.state == "refused":
        return _REFUSED
    if each.entry is None and each.state not in ("supplied", "to_dispose", "disposed"):
        return _UNLISTED
    return _LATE if each.state in ("late", "supply_late") else ""


IDLE_AFTER = timedelta(days=180)  # a grant without a call for that long is idle (E9)
