"""Whether all that would follow from a delivery of the same content is known already.

Then the day ends for the source: every later verb would come to what it came to before. It does not
end where anything that judges has changed since (contract, parsers, code, code tables, answers of
the owner), where a rule that depends on the day falls due between the two batches, where the batch
before was not followed to its end, or where its check would say something new: see ADR 14.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pipelines.batch import batch_date, batch_key
from pipelines.contracts.source import Source
from pipelines.extract import Delivery, fingerprint_delivery, keep_files
from pipelines.flows.shared.judged_by import batch_digest
from pipelines.flows.shared.results import LandResult
from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.source.novelties import check_would_say_more, keep_drift_of_equal
from pipelines.libraries import libraries_linking_to
from pipelines.settings import Settings
from pipelines.warehouse import (
    BatchRecord,
    TimingRecord,
    connect,
    read_batches,
    read_passed_over_batches,
    read_timings,
)
from pipelines.warehouse.people.corrections import has_open_promise, last_answer
from pipelines.warehouse.quality.equal_batches import record_equal_batch
from pipelines.warehouse.quality.issues.tracked import open_issues
from pipelines.warehouse.quality.library_inputs import read_comparison_due

ToTell = Literal["nothing", "news", "batch"]
_VERBS = {"land", "stage", "check", "score", "track", "report"}
_LAYERS = ("raw", "staged", "quarantine")


@dataclass(frozen=True)
class LastBatch:
    """The last good batch of a source before a delivery, and the one whose rows stand for it.

    ``is_final``: a delivery of the same content would come to the same results.
    """

    record: BatchRecord
    root: BatchRecord
    is_final: bool


@dataclass(frozen=True)
class SameFiles:
    """Files of a delivery that say what the batch before said, and what is to be told of them."""

    files: Sequence[str]
    fingerprint: str
    remarks: Sequence[str] = ()

    @classmethod
    def of(cls, delivery: Delivery) -> "SameFiles":
        """Those of a delivery that was read, and was found to say the same."""
        return cls(delivery.files, delivery.fingerprint, delivery.remarks)


def last_batch(session: Session, source: Source, batch: str) -> LastBatch | None:
    """What a delivery is compared with; None if a newer batch is there, or no good one before.

    Good is what was staged and let pass by its check. A repeated batch is compared with itself.
    """
    records = read_batches(session.warehouse, source.name)
    landed = [each for each in records if each.landed is not None]
    if any(batch_key(each.batch) > batch_key(batch) for each in landed):
        return None
    passed_over = read_passed_over_batches(session.warehouse, source.name)
    good = [each for each in landed if each.staged is not None and each.batch not in passed_over]
    if not good:
        return None
    last = good[-1]
    (root,) = (each for each in records if each.batch == (last.equal_to or last.batch))
    return LastBatch(last, root, _is_final(session, source, batch, last, root))


def same_files(source: Source, batch: str, last: LastBatch, landing_dir: Path) -> SameFiles | None:
    """The files of a delivery, kept as they came, if they say what the last batch said.

    Of a database or an API nobody can tell without asking; what was landed before is what it is.
    """
    said = fingerprint_delivery(source, batch)
    repeated = last.record.batch == batch
    if said is None and repeated:
        return SameFiles(last.record.files, last.record.fingerprint or "")
    if said is None or said != last.record.fingerprint:
        return None
    kept = keep_files(source, batch, landing_dir, said)
    return SameFiles(kept, said) if kept else None


def end_day(
    session: Session, source: Source, batch: str, last: LastBatch, same: SameFiles
) -> LandResult:
    """Record that a batch says what the last one said: counts, measures, issues that it shows."""
    root = last.root
    if batch != root.batch:
        record_equal_batch(
            session.warehouse,
            root,
            batch,
            files=same.files,
            fingerprint=same.fingerprint,
            remarks=same.remarks,
        )
        if batch != last.record.batch:
            keep_drift_of_equal(session, source, batch, last.record)
        with open_issues(session.settings, source) as issues:
            issues.set_due_dates()
    defective = int(session.lake.properties(f"raw.{source.name}", root.batch)["defective"])
    equal_to = root.batch if batch != root.batch else None
    rows = root.landed or 0
    return LandResult(
        source.name, batch, rows, defective, changed=False, unchanged=True, equal_to=equal_to
    )


def what_to_tell(settings: Settings, source: Source, batch: str) -> ToTell:
    """What is left to tell of a batch when libraries have been compared.

    ``nothing``: its owner heard of it, and no library was compared since. ``news``: it says what
    the last one said, and only what a comparison brought would be new. ``batch``: all of it.
    """
    with open_session(settings, keeps_sql=True) as session:
        return left_to_tell(session, source, batch)


def left_to_tell(session: Session, source: Source, batch: str) -> ToTell:
    """As ``what_to_tell``, in a session that is open."""
    found = read_batches(session.warehouse, source.name, batch)
    root = found[0].equal_to if found else None
    if not session.settings.always_rebuild and _is_told(session, source, root or batch):
        return "nothing"
    return "news" if root else "batch"


def what_was_equal(settings: Settings, sources: Collection[str], batch: str) -> Sequence[str]:
    """A sentence that says which sources have delivered what they had delivered before, if any."""
    engine = connect(settings)
    try:
        found = [each for each in read_batches(engine, None, batch) if each.source in sources]
    finally:
        engine.dispose()
    equal = [f"{each.source} (batch {each.equal_to})" for each in found if each.equal_to]
    return [f"Said what an earlier batch said, so nothing was done: {', '.join(equal)}."] * bool(
        equal
    )


def _is_final(
    session: Session, source: Source, batch: str, last: BatchRecord, root: BatchRecord
) -> bool:
    if session.settings.always_rebuild or not _is_followed(session, source, root):
        return False
    answers = last_answer(session.warehouse, source.name)
    if root.judged_by != batch_digest(source, answers) or _has_lost_files(session, source, root):
        return False
    return batch == last.batch or not (
        _falls_due(session, source, batch, root)
        or has_open_promise(session.warehouse, source.name)
        or check_would_say_more(session, source, batch, last)
    )


def _is_followed(session: Session, source: Source, root: BatchRecord) -> bool:
    """Whether every verb of the batch ended well, the last ones after the last comparison."""
    timings = read_timings(session.warehouse, root.batch, source.name)
    began = {each.stage: each.started_at for each in timings if each.is_done}
    if not began.keys() >= _VERBS or not _is_told(session, source, root.batch):
        return False
    every = read_timings(session.warehouse, subject=source.name)
    return max(each.started_at for each in every if _is(each, "track")) >= began["stage"]


def _is_told(session: Session, source: Source, root: str) -> bool:
    """Whether the owner heard of the batch, and issues were followed after the last comparison."""
    timings = read_timings(session.warehouse, subject=source.name)
    followed = [each.started_at for each in timings if _is(each, "track")]
    of_batch = {
        each.stage: each.started_at for each in timings if each.run == root and each.is_done
    }
    # What was reported before the batch was staged said nothing of its rows.
    if not followed or not _came_after(of_batch, "report", "stage"):
        return False
    comparing = [source.library, *(each.name for each in libraries_linking_to(source.library))]
    compared = [
        each.started_at + timedelta(seconds=each.seconds)
        for library in comparing
        for each in read_timings(session.warehouse, subject=library)
        if each.stage == "compare"
    ]
    return all(max(followed) >= ended for ended in compared)


def _came_after(began: Mapping[str, datetime], later: str, earlier: str) -> bool:
    return later in began and began.get(earlier, began[later]) <= began[later]


def _is(timing: TimingRecord, stage: str) -> bool:
    return timing.stage == stage and timing.is_done


def _has_lost_files(session: Session, source: Source, root: BatchRecord) -> bool:
    return any(session.lake.lost_files(f"{layer}.{source.name}", root.batch) for layer in _LAYERS)


def _falls_due(session: Session, source: Source, batch: str, root: BatchRecord) -> bool:
    """Whether a rule that depends on the day says something else by the day of this batch."""
    compared = read_comparison_due(session.warehouse, source.name)
    days = [day for day in (root.judged_again_on, compared) if day is not None]
    return bool(days) and min(days) <= batch_date(batch)
