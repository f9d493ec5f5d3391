"""Sharing requests of a site: taken from sheets, moved on step by step, approved into grants."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.flows.governance.catalogue import derive_catalogue, today_of
from pipelines.flows.governance.register_sheet import read_register
from pipelines.governance.cells import SheetFault, read_day
from pipelines.governance.duties import limits_of_site
from pipelines.governance.resources.derive import origin_of_library
from pipelines.governance.sharing.grant_text import GrantedPart, grant_text
from pipelines.governance.sharing.register import JudgedRequest, judge_requests
from pipelines.governance.sharing.request import (
    FOLDER,
    REQUEST_COLUMNS,
    REQUIRED_OF_A_SHEET,
    RequestRefused,
    SharingRequest,
    Step,
    advance,
    next_number,
    read_requests,
    request_text,
)
from pipelines.settings import Settings
from pipelines.standards.working_days import load_working_calendar

_KNOWN_BY = ("consumer", "purpose", "received", "resource", "wanted")


@dataclass(frozen=True)
class TakenRequests:
    """Numbers of the requests that a sheet brought, and what is wrong in it."""

    numbers: Sequence[str]
    faults: Sequence[SheetFault]
    defects: Sequence[tuple[int, str]]


def judged_requests(settings: Settings) -> list[JudgedRequest]:
    """Every request as of today.

    Raises:
        DeclarationRefused: a request, the catalogue's declaration or a limit cannot work.
    """
    catalogue = derive_catalogue(settings)
    limits = limits_of_site(catalogue.declared.limits, catalogue.declared.file)
    requests = read_requests(settings.governance)
    calendar = load_working_calendar()
    return judge_requests(requests, catalogue.entries, limits, today_of(settings), calendar)


def take_requests(settings: Settings, sheet: Path) -> TakenRequests:
    """A file for each row of a sheet that is there for the first time.

    Raises:
        UnreadableDelivery, MissingColumn: it is no sheet of requests.
    """
    read = read_register(settings, sheet, REQUEST_COLUMNS, REQUIRED_OF_A_SHEET)
    known = read_requests(settings.governance)
    numbers, faults = [], []
    for row in read.rows:
        cells = {name: row.values.get(name, "").strip() for name in REQUEST_COLUMNS}
        received = read_day(cells["received"])
        if received is None or received > today_of(settings):
            problem, remedy = "没有填写、不是日期或还没有到。", "请写成 2026-07-01。"
            column = REQUEST_COLUMNS["received"]
            faults.append(SheetFault(row.line, cells["consumer"], column, problem, remedy))
            continue
        if term := read_day(cells["until"]):
            cells["until"] = term.isoformat()
        cells.pop("received")
        request = SharingRequest(received=received, **cells)  # type: ignore[arg-type] # all texts
        if any(_same(each, request) for each in known):
            continue
        number = next_number(known, received.year)
        request = replace(request, number=number)
        _write(settings, request)
        known.append(request)
        numbers.append(number)
    return TakenRequests(numbers, faults, read.defects)


def _same(one: SharingRequest, other: SharingRequest) -> bool:
    """Whether both are one request; what was lacking may have been filled in since."""
    return all(getattr(one, name) == getattr(other, name) for name in _KNOWN_BY)


def advance_request(settings: Settings, number: str, step: Step, **told: str) -> SharingRequest:
    """Move a request on, and keep it.

    Raises:
        RequestRefused: there is none of that number, or the step is not possible.
    """
    moved = advance(_find(settings, number), step, today_of(settings), **told)
    _write(settings, moved)
    return moved


def approve_request(
    settings: Settings,
    number: str,
    answered_by: str,
    part: GrantedPart | None,
    check: Callable[[Path], None] = lambda _: None,
) -> tuple[SharingRequest, Path | None]:
    """Approve a request; with ``part``, write its grant.

    Args:
        settings: Folders of requests and grants.
        number: Of the request.
        answered_by: Number of the answer, or who gave it.
        part: What the grant allows; ``None``: it is supplied without one.
        check: Raises where the grant's file cannot work: then it is taken away again, and the
            request stays as it was.

    Returns:
        The request, and the file of the grant.

    Raises:
        RequestRefused: it cannot be approved, or not by that grant.
    """
    request = _find(settings, number)
    today = today_of(settings)
    told = {"answered_by": answered_by, **({"grant": part.name} if part else {})}
    moved = advance(request, "approve", today, **told)
    file = None
    if part is not None:
        file = settings.grants / f"{part.name}.yml"
        _check_part(settings, request, part, file)
        text = grant_text(moved, part, today)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
        try:
            check(file)
        except BaseException:
            file.unlink()
            raise
    _write(settings, moved)
    return moved, file


def _check_part(settings: Settings, request: SharingRequest, part: GrantedPart, file: Path) -> None:
    if file.exists():
        problem = f"there is a grant {part.name} already."
        raise RequestRefused(request.number, problem, "Name another one.")
    entries = derive_catalogue(settings).entries
    origins = {each.origin for each in entries if each.code == request.resource}
    if request.resource and origin_of_library(part.library) not in origins:
        problem = f"{request.resource} is not the resource of library {part.library}."
        remedy = "Approve it without a grant, or for the library that was asked for."
        raise RequestRefused(request.number, problem, remedy)


def _find(settings: Settings, number: str) -> SharingRequest:
    for each in read_requests(settings.governance):
        if each.number == number:
            return each
    raise RequestRefused(number, "there is none.", "See `baselib governance requests list`.")


def _write(settings: Settings, request: SharingRequest) -> None:
    folder = settings.governance / FOLDER
    folder.mkdir(exist_ok=True)
    file = folder / f"{request.number}.yml"
    draft = folder / f".{request.number}.draft"
    draft.write_text(request_text(request), encoding="utf-8")
    draft.replace(file)
