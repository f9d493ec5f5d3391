"""Life cycle of catalogue entries: who submitted, returned, registered, approved what, and when.

State names as platforms of the guide have them; 条例 809 articles 12, 13 and 17: before an entry is
submitted the department has assessed secrecy and personal information, and its head consents. An
update is submitted within ten working days (five more with consent), and reviewed within two. What
was approved is a digest of the entry's texts: who changes it afterwards has to submit it again.
"""

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Literal

from pipelines.errors import BaselibError, DeclarationRefused
from pipelines.governance.duties import DUTY_COLUMNS, LIMITS, Duty, DutyKind
from pipelines.governance.resources.entry import Entry, texts_of

FILE_NAME = "reviews.csv"
ReviewStep = Literal[
    "notice", "extend", "submit", "return", "register", "request", "approve", "unpublish"
]
EntryState = Literal[
    "draft", "returned", "wait_reg_approve", "registered", "wait_pub_approve", "published",
    "unpublished",
]  # fmt: skip
ENTRY_STATES: Mapping[EntryState, str] = {
    "draft": "待提交",
    "returned": "退回修改",
    "wait_reg_approve": "待登记审核",
    "registered": "已登记",
    "wait_pub_approve": "待发布审核",
    "published": "已发布",
    "unpublished": "已下架",
}
# Step: states that it leads from, and the state that it leads to; None: the state stays.
STEPS: Mapping[ReviewStep, tuple[Sequence[EntryState], EntryState | None]] = {
    "notice": (tuple(ENTRY_STATES), "draft"),
    "extend": (("draft", "returned"), None),
    "submit": (("draft", "returned", "unpublished"), "wait_reg_approve"),
    "return": (("wait_reg_approve", "wait_pub_approve"), "returned"),
    "register": (("wait_reg_approve",), "registered"),
    "request": (("registered",), "wait_pub_approve"),
    "approve": (("wait_pub_approve",), "published"),
    "unpublish": (("published",), "unpublished"),
}


_FOLLOWS = ("发布日期", "关联资源代码")


@dataclass
class ReviewRefused(BaselibError):
    """A step that an entry cannot take as it stands."""

    origin: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.problem} {self.remedy}"


@dataclass(frozen=True)
class Review:
    """One step of one entry; ``secrecy`` and ``privacy`` are the numbers of both assessments."""

    origin: str
    step: ReviewStep
    day: str
    by: str
    digest: str
    note: str = ""
    secrecy: str = ""
    privacy: str = ""


def entry_digest(entry: Entry) -> str:
    """What an approval is of: all texts and items, without what follows from other entries."""
    told = {title: text for title, text in texts_of(entry).items() if title not in _FOLLOWS}
    items = [asdict(item) for item in entry.items]
    text = json.dumps([told, items], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_reviews(folder: Path) -> list[Review]:
    """All steps in their order; none where there is no file.

    Raises:
        DeclarationRefused: a line is none, or a step that its entry could not take.
    """
    file = folder / FILE_NAME
    if not file.exists():
        return []
    reviews: list[Review] = []
    with file.open(encoding="utf-8-sig", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream), start=2):
            try:
                date.fromisoformat(row["day"])
                review = Review(**{each.name: row[each.name] for each in fields(Review)})  # type: ignore[arg-type]
                check_step(review, reviews)
            except (KeyError, ValueError, TypeError, ReviewRefused) as wrong:
                told = str(wrong) if isinstance(wrong, ReviewRefused) else "is no step."
                remedy = "Steps are added by `baselib catalog review`; restore the file."
                raise DeclarationRefused(file, f"line {number}", told, remedy) from None
            reviews.append(review)
    return reviews


def append_reviews(folder: Path, reviews: Iterable[Review]) -> None:
    """Add steps at the end; what was written before stays."""
    file = folder / FILE_NAME
    is_new = not file.exists()
    with file.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if is_new:
            writer.writerow(each.name for each in fields(Review))
        writer.writerows(astuple(each) for each in reviews)


def state_of(origin: str, reviews: Iterable[Review]) -> EntryState:
    """The state of an entry after all its steps."""
    state: EntryState = "draft"
    for each in reviews:
        if each.origin == origin:
            state = STEPS[each.step][1] or state
    return state


def check_step(review: Review, before: Sequence[Review]) -> None:
    """Raise if the entry cannot take the step.

    Raises:
        ReviewRefused: unknown, out of order, unsigned, or without what the law wants beside it.
    """
    origin, step = review.origin, review.step
    if step not in STEPS:
        raise ReviewRefused(origin, f"{step!r} is no step.", f"Take one of {', '.join(STEPS)}.")
    state = state_of(origin, before)
    if state not in STEPS[step][0]:
        allowed = ", ".join(name for name, (sources, _) in STEPS.items() if state in sources)
        problem = f"it is {state} ({ENTRY_STATES[state]})."
        raise ReviewRefused(origin, problem, f"From there: {allowed}.")
    mine = [each for each in before if each.origin == origin]
    if not review.by.strip():
        raise ReviewRefused(origin, "nobody signs the step.", "Add --by.")
    if mine and review.day < mine[-1].day:
        raise ReviewRefused(origin, "an earlier step is of a later day.", "Correct the day.")
    if step in ("return", "extend", "unpublish") and not review.note.strip():
        raise ReviewRefused(origin, "it does not say why.", "Add --note.")
    if step == "submit" and not (review.secrecy.strip() and review.privacy.strip()):
        remedy = "Add --secrecy and --privacy with the numbers of the assessments (条例第十二条)."
        raise ReviewRefused(origin, "both assessments come before.", remedy)
    if step in ("register", "request", "approve") and review.digest != mine[-1].digest:
        raise ReviewRefused(origin, "it changed since it was submitted.", "Submit it again.")


def approved(reviews: Iterable[Review]) -> set[tuple[str, str]]:
    """Origin and digest of all that may be published as it was approved."""
    reviews = list(reviews)
    return {
        (each.origin, each.digest)
        for each in reviews
        if each.step == "approve" and state_of(each.origin, reviews) != "unpublished"
    }


def published_entries(
    derived: Sequence[Entry], last: Sequence[Entry], reviews: Sequence[Review]
) -> list[Entry]:
    """Entries as approved: a change that waits leaves the entry as the last edition has it."""
    may = approved(reviews)
    before = {each.origin: each for each in last}
    gone = {each.origin for each in derived if state_of(each.origin, reviews) == "unpublished"}
    chosen = []
    for entry in derived:
        if entry.origin in gone:
            continue
        if (entry.origin, entry_digest(entry)) in may:
            chosen.append(entry)
        elif entry.origin in before:
            chosen.append(replace(before[entry.origin], related=entry.related))
    codes = {each.code for each in chosen}
    return [replace(e, related=[code for code in e.related if code in codes]) for e in chosen]


def duties_of_reviews(
    reviews: Sequence[Review], entries: Sequence[Entry], authority: str
) -> Iterator[Duty]:
    """Updates to submit and submissions to review, each with when it was done.

    Args:
        reviews: In their order.
        entries: Who provides what.
        authority: Title of the department that reviews.
    """
    by_origin = {each.origin: each for each in entries}
    for place, review in enumerate(reviews):
        entry = by_origin.get(review.origin)
        later = [each for each in reviews[place + 1 :] if each.origin == review.origin]
        name = entry.name if entry else review.origin
        if review.step == "notice":
            done = next((each for each in later if each.step in ("submit", "notice")), None)
            extended = any(each.step == "extend" for each in _until(later, done))
            provider = entry.provider if entry else ""
            yield _duty("catalogue_update", provider, f"更新目录“{name}”", review, done, extended)
        elif review.step == "submit":
            done = next((each for each in later if each.step in ("approve", "return")), None)
            subject = f"审核目录“{name}”"
            yield _duty("catalogue_review", authority, subject, review, done, extended=False)


def _until(later: Sequence[Review], done: Review | None) -> Sequence[Review]:
    return later if done is None else later[: later.index(done)]


def _duty(
    kind: DutyKind,
    department: str,
    subject: str,
    begun: Review,
    done: Review | None,
    extended: bool,
) -> Duty:
    texts = dict.fromkeys(DUTY_COLUMNS, "") | {
        "kind": LIMITS[kind].title,
        "department": department,
        "subject": subject,
        "received": begun.day,
        "done": done.day if done else "",
    }
    finished = date.fromisoformat(done.day) if done else None
    return Duty(0, texts, kind, date.fromisoformat(begun.day), finished, extended)
