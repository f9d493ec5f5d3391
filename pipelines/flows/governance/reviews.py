"""Life cycle of the catalogue's entries: what changed is noticed, people submit and approve it."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.flows.governance.catalogue import derive_catalogue, today_of
from pipelines.governance.resources.entry import Entry
from pipelines.governance.resources.reviews import (
    ENTRY_STATES,
    EntryState,
    Review,
    ReviewRefused,
    append_reviews,
    check_step,
    entry_digest,
    read_reviews,
    state_of,
)
from pipelines.governance.tables import OutputTable
from pipelines.settings import Settings

_WATCH = "目录比对"  # who notices: no person


@dataclass(frozen=True)
class ReviewedEntry:
    """An entry, its state, and its last step (None: it never had one).

    ``unreviewed``: it stands in the last edition of a site that publishes without review.
    """

    entry: Entry
    state: EntryState
    last: Review | None
    unreviewed: bool = False


def review_states(settings: Settings) -> list[ReviewedEntry]:
    """Every entry as it would be today, with its state.

    Raises:
        DeclarationRefused: the catalogue or the steps cannot be read.
    """
    reviews, catalogue = read_reviews(settings.governance), derive_catalogue(settings)
    published = {each.origin for each in catalogue.last.entries} if catalogue.last else set()
    return [
        ReviewedEntry(
            entry,
            state_of(entry.origin, reviews),
            next((r for r in reversed(reviews) if r.origin == entry.origin), None),
            not catalogue.declared.review and entry.origin in published,
        )
        for entry in catalogue.derived
    ]


_UNREVIEWED = "已发布（未启用审核流程）"


def review_table(reviewed: Sequence[ReviewedEntry], today: str) -> OutputTable:
    """A row per entry: its state, and who did what last."""
    return OutputTable(
        "政务数据目录审核情况",
        ("信息资源", "提供方", "来源", "状态", "最近步骤", "日期", "办理人", "说明"),
        [
            (
                each.entry.name, each.entry.provider, each.entry.origin,
                _UNREVIEWED if each.unreviewed else ENTRY_STATES[each.state],
                *((each.last.step, each.last.day, each.last.by, each.last.note)
                  if each.last else ("", "", "", "")),
            )
            for each in reviewed
        ],
        f"截至 {today}。依据《政务数据共享条例》第十二条、第十三条、第十七条；"
        "状态名称为本系统自定。",
    )  # fmt: skip


def notice_changes(settings: Settings) -> Sequence[Review]:
    """Note the entries that differ from the last edition: their clock runs from today."""
    catalogue = derive_catalogue(settings)
    before = {e.origin: entry_digest(e) for e in (catalogue.last.entries if catalogue.last else ())}
    reviews = read_reviews(settings.governance)
    last = {each.origin: each for each in reviews}
    noticed = []
    for entry in catalogue.derived:
        digest = entry_digest(entry)
        is_known = entry.origin in last and last[entry.origin].digest == digest
        if before.get(entry.origin) != digest and not is_known:
            day = today_of(settings).isoformat()
            noticed.append(Review(entry.origin, "notice", day, _WATCH, digest))
    append_reviews(settings.governance, noticed)
    return noticed


def review_entry(
    settings: Settings,
    step: str,
    origin: str,
    *,
    by: str,
    note: str = "",
    secrecy: str = "",
    privacy: str = "",
) -> Review:
    """Take one step of an entry's life cycle.

    Raises:
        ReviewRefused: there is no such entry, or it cannot take the step.
    """
    entries = {each.origin: each for each in derive_catalogue(settings).derived}
    if origin not in entries:
        raise ReviewRefused(origin, "there is no such entry.", "See `baselib catalog reviews`.")
    reviews = read_reviews(settings.governance)
    digest, day = entry_digest(entries[origin]), today_of(settings).isoformat()
    review = Review(origin, step, day, by, digest, note, secrecy, privacy)  # type: ignore[arg-type]
    check_step(review, reviews)
    append_reviews(settings.governance, [review])
    return review
