"""Ingest one batch of one source: land it, stage it, check it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import ibis.expr.types as ir

from pipelines.batch import batch_date, batch_key
from pipelines.contracts.source import Source
from pipelines.errors import BatchChanged, CountsDisagree, QualityGateFailed, RawFilesLost
from pipelines.extract import Delivery, fingerprint_delivery, land_delivery
from pipelines.extract.limits import limits_of
from pipelines.extract.remarks import remark
from pipelines.flows.shared.batches import note_check, staged_batch
from pipelines.flows.shared.corrections import with_corrections
from pipelines.flows.shared.judged_by import batch_digest, is_same_but_answers
from pipelines.flows.shared.ownership import working_on
from pipelines.flows.shared.parsing import judged_again_on, parsed_rows
from pipelines.flows.shared.results import CheckResult, LandResult, StageResult, count_failures
from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.source.content import has_same_content
from pipelines.flows.source.erased import drop_copy, take_out_erased
from pipelines.flows.source.own_rows import LINE_ORDER, hand_over_rows, take_own_raw
from pipelines.flows.source.report.notice import telling_owner
from pipelines.flows.source.requirements import EXPECTATIONS, gate_reasons
from pipelines.flows.source.unchanged import LastBatch, SameFiles, end_day, last_batch, same_files
from pipelines.quality.drift import Drift, Measure, batch_measures, drift_table, find_drift
from pipelines.quality.profile import finding_profile
from pipelines.quality.suites import raw_view, source_parameters, suites_for_source
from pipelines.runtime.gc_pause import collector_paused
from pipelines.runtime.scratch import scratch_folder
from pipelines.runtime.stop_points import stop_point
from pipelines.settings import Settings
from pipelines.stage import Split, rename_delivered, split_rows
from pipelines.warehouse import (
    FindingCount,
    read_batches,
    read_passed_over_batches,
    record_batch,
    record_expectations,
    record_findings,
)
from pipelines.warehouse.people.corrections import last_answer
from pipelines.warehouse.quality.drift import read_history, record_drift
from pipelines.warehouse.quality.equal_batches import refresh_equal_batches


def land(settings: Settings, source: Source, batch: str) -> LandResult:
    """Copy the department's delivery, byte for byte, into ``raw.<source>``.

    A batch that was landed before is left alone, unless files of it have gone from the lake: then
    they are made again from what is kept under ``landing/``.

    Raises:
        DeliveryMissing, DeliveryUnfinished, UnreadableDelivery, MissingColumn, RowsMissing: see
            ``pipelines.errors``; what its owner can mend has been written to him.
        BatchChanged: it was landed before, and the file now says something else.
        RawFilesLost: files have gone from the lake, and there is no copy to make them from.
    """
    batch_date(batch)
    with (
        open_session(settings, keeps_sql=True) as session,
        working_on(session, source),
        session.timed(source.name, batch, "land"),
        telling_owner(settings, session.warehouse, source, batch),
    ):
        landed = session.lake.has(f"raw.{source.name}", batch)
        last = last_batch(session, source, batch)
        if landed and not session.lake.lost_files(f"raw.{source.name}", batch):
            repeated = last is not None and last.record.batch == batch
            result = _landed_before(session, source, batch)
            return replace(result, unchanged=repeated and last is not None and last.is_final)
        if last and last.is_final and not source.expects_changes and not landed:
            same = same_files(source, batch, last, settings.landing_dir)
            if same:
                drop_copy(session, source, batch)
                return end_day(session, source, batch, last, _told_of(source, last, same))
        return _land(session, source, batch, last, landed=landed)


def _land(
    session: Session, source: Source, batch: str, last: LastBatch | None, *, landed: bool
) -> LandResult:
    """Read the delivery. ``landed``: files of it have gone from the lake, and are made again."""
    settings = session.settings
    with scratch_folder(settings.scratch_dir, "land") as scratch:
        if landed:
            _refuse_without_copy(settings, source, batch)
        watermark = _watermark(session, source)
        delivery = land_delivery(
            source, batch, settings.landing_dir, scratch, watermark, limits_of(settings)
        )
        if not landed and last and _says_the_same(session, source, batch, delivery, last):
            same = _told_of(source, last, SameFiles.of(delivery))
            if last.is_final and not source.expects_changes:
                return end_day(session, source, batch, last, same)
            delivery = replace(delivery, remarks=same.remarks)
        properties = _delivery_properties(delivery)
        if landed:
            _refuse_other_content(session, source, batch, properties)
        commit = session.lake.write_files(
            delivery.parquet_paths, f"raw.{source.name}", batch=batch, properties=properties
        )
    _record_landing(session, source, batch, commit.rows, properties)
    return LandResult(source.name, batch, commit.rows, delivery.defective, changed=True)


def _says_the_same(
    session: Session, source: Source, batch: str, delivery: Delivery, last: LastBatch
) -> bool:
    """Asked only where it matters. A batch that is read again after others failed says itself."""
    if not (last.is_final or source.expects_changes) or batch == last.record.batch:
        return False
    return has_same_content(session, source, delivery, last.root)


def _told_of(source: Source, last: LastBatch, same: SameFiles) -> SameFiles:
    """With the remark that a batch says what the last one said."""
    names = "、".join(same.files)
    said = remark(source, "identical_delivery", names, detail=last.root.batch)
    return replace(same, remarks=(*same.remarks, said))


def stage(settings: Settings, source: Source, batch: str) -> StageResult:
    """Type and judge every landed row; write ``staged.<source>`` and ``quarantine.<source>``.

    Raises:
        TableMissing: the batch has not been landed.
        CountsDisagree: a row was lost or made up, which is a defect of baselib.
    """
    as_of = batch_date(batch)
    with (
        collector_paused(),
        open_session(settings, keeps_sql=True) as session,
        working_on(session, source),
        session.timed(source.name, batch, "stage"),
    ):
        judged_by, is_new = _prepare(session, source, batch)
        take_out_erased(session, source, batch, as_of)
        raw = session.lake.read(session.con, f"raw.{source.name}", batch)
        with (
            with_corrections(session, rename_delivered(raw, source), source, batch) as corrected,
            parsed_rows(session, corrected, source, as_of) as parsed,
        ):
            again_on = judged_again_on(session, parsed)
            judged = _Judged(_count(session, raw), judged_by, is_new, again_on)
            return _write_split(session, source, batch, split_rows(parsed.rows, source), judged)


@dataclass(frozen=True)
class _Judged:
    """How many rows were judged, by what, and on which later day they may be judged otherwise.

    ``is_new``: nothing was checked that was judged so, but for the owner's answers.
    """

    landed: int
    by: str
    is_new: bool
    again_on: date | None


def _prepare(session: Session, source: Source, batch: str) -> tuple[str, bool]:
    """Let the batch have rows of its own, and no others stand on them.

    Answers by what it is judged, and whether that is more than other answers of its owner.
    """
    judged_by = batch_digest(source, last_answer(session.warehouse, source.name))
    found = read_batches(session.warehouse, source.name, batch)
    before = found[0].judged_by if found else None
    # Answers apply to all batches that are equal; other rules to those only that are run again.
    is_same = before is not None and is_same_but_answers(before, judged_by)
    if before is not None and not is_same:
        hand_over_rows(session, source, batch)
    take_own_raw(session, source, batch)
    return judged_by, not is_same


def check(settings: Settings, source: Source, batch: str) -> CheckResult:
    """Run the suites of a batch; the results are kept in ``quality.expectation_result``.

    Raises:
        QualityGateFailed: a critical expectation failed.
    """
    from pipelines.engines.gx.run import run_suites  # Great Expectations takes seconds to import

    with (
        collector_paused(),
        open_session(settings, keeps_sql=True) as session,
        working_on(session, source),
        session.timed(source.name, batch, "check"),
    ):
        stop_point(f"check {source.name} before")
        staged, quarantined = staged_batch(session, source.name, batch)
        delivered = _delivered(session, source, batch)
        profile = session.con.to_pyarrow(finding_profile(staged, quarantined, source))
        history = _accepted_volumes(session, source, batch)
        drift = _drift(session, source, batch, staged)
        outcomes = run_suites(
            settings,
            {
                "delivered": session.lake.files(f"raw.{source.name}", batch),
                "raw": raw_view("delivered", _landed_on(session, source, batch)),
                "staged": session.lake.files(f"staged.{source.name}", batch),
                "findings": profile,
                "drift": drift_table(drift),
            },
            suites_for_source(source, EXPECTATIONS, source_parameters(source, history)),
            about=(source.name, batch),
        )
        record_expectations(
            session.warehouse, subject=source.name, run=batch, layer="source", outcomes=outcomes
        )
        note_check(session, source, batch, awaited=False)  # last: only now may a library read it
    if failed := gate_reasons(outcomes, source, profile.to_pylist(), drift):
        raise QualityGateFailed(f"{source.name}, batch {batch} ({delivered})", failed)
    return CheckResult(source.name, batch, len(outcomes), **count_failures(outcomes))


def _delivered(session: Session, source: Source, batch: str) -> str:
    """What came, for whoever reads why it was stopped: files and rows."""
    (record,) = read_batches(session.warehouse, source.name, batch)
    return f"{', '.join(record.files)}: {record.landed or 0:,} row(s)"


def _accepted_volumes(session: Session, source: Source, batch: str) -> list[int]:
    """Rows of the batches before, without those that no check let pass: they are no example."""
    passed_over = read_passed_over_batches(session.warehouse, source.name)
    return [
        record.landed
        for record in read_batches(session.warehouse, source.name)
        if record.landed is not None
        and batch_key(record.batch) < batch_key(batch)
        and record.batch not in passed_over
    ]


def _drift(session: Session, source: Source, batch: str, staged: ir.Table) -> list[Drift]:
    """Measure a batch, hold it against the batches before, and keep both for the next one."""
    (record,) = read_batches(session.warehouse, source.name, batch)
    day = batch_date(batch)
    earlier = [
        batch_date(each.batch)
        for each in read_batches(session.warehouse, source.name)
        if each.landed is not None and batch_key(each.batch) < batch_key(batch)
    ]
    rows = session.con.to_pyarrow(batch_measures(staged, source)).to_pylist()
    measured = [
        *(Measure(**row) for row in rows),
        *(Measure("column", name, "", 1.0) for name in record.unmapped_columns),
        Measure("age_days", "", "", float((_landed_on(session, source, batch) - day).days)),
    ]
    if earlier:
        measured.append(Measure("interval_days", "", "", float((day - max(earlier)).days)))
    history = read_history(session.warehouse, source=source.name, before=batch)
    drift = find_drift(measured, history, record.staged or 0)
    record_drift(session.warehouse, source=source.name, batch=batch, drift=drift)
    return drift


def _landed_before(session: Session, source: Source, batch: str) -> LandResult:
    """Leave raw alone, and write again what a process that died may not have written."""
    properties = session.lake.properties(f"raw.{source.name}", batch)
    delivered = fingerprint_delivery(source, batch)
    if delivered is not None and delivered != properties["fingerprint"]:
        raise BatchChanged(source.name, batch)
    rows = _count(session, session.lake.read(session.con, f"raw.{source.name}", batch))
    if not any(each.landed for each in read_batches(session.warehouse, source.name, batch)):
        _record_landing(session, source, batch, rows, properties)
    return LandResult(source.name, batch, rows, int(properties["defective"]), changed=False)


def _refuse_without_copy(settings: Settings, source: Source, batch: str) -> None:
    """A database or an interface would by now say something else than this batch did."""
    if source.server.kind != "file" and not (settings.landing_dir / source.name / batch).exists():
        raise RawFilesLost(source.name, batch)


def _refuse_other_content(
    session: Session, source: Source, batch: str, properties: Mapping[str, str]
) -> None:
    landed = session.lake.properties(f"raw.{source.name}", batch)
    if landed["fingerprint"] != properties["fingerprint"]:
        raise RawFilesLost(source.name, batch)


def _delivery_properties(delivery: Delivery) -> Mapping[str, str]:
    """Properties of a delivery besides its rows; kept with them, in the same commit."""
    return {
        "fingerprint": delivery.fingerprint,
        "defective": str(delivery.defective),
        "watermark": delivery.watermark or "",
        "encoding": delivery.encoding,
        "files": json.dumps(list(delivery.files)),
        "unmapped": json.dumps(list(delivery.unmapped_columns), ensure_ascii=False),
        "remarks": json.dumps(list(delivery.remarks), ensure_ascii=False),
    }


def _watermark(session: Session, source: Source) -> str | None:
    """How far the last delivery of a delta reached; the next one begins there."""
    batches = session.lake.batches(f"raw.{source.name}")
    if source.delivery != "delta" or not batches:
        return None
    return session.lake.properties(f"raw.{source.name}", batches[-1])["watermark"] or None


def _record_landing(
    session: Session, source: Source, batch: str, rows: int, properties: Mapping[str, str]
) -> None:
    record_batch(
        session.warehouse,
        source=source.name,
        batch=batch,
        library=source.library,
        landed=rows,
        files=json.loads(properties["files"]),
        fingerprint=properties["fingerprint"],
        encoding=properties["encoding"],
        unmapped_columns=json.loads(properties["unmapped"]),
        remarks=json.loads(properties["remarks"]),
    )


def _write_split(
    session: Session, source: Source, batch: str, split: Split, judged: _Judged
) -> StageResult:
    if judged.is_new:  # first: from now on no library reads the batch until it has been checked
        note_check(session, source, batch, awaited=True)
    staged = session.lake.write(
        session.con, split.staged, f"staged.{source.name}", batch=batch, order_by=LINE_ORDER
    )
    quarantined = session.lake.write(
        session.con,
        split.quarantined,
        f"quarantine.{source.name}",
        batch=batch,
        order_by=LINE_ORDER,
    )
    superseded, landed = _count(session, split.superseded), judged.landed
    if landed != staged.rows + superseded + quarantined.rows:
        raise CountsDisagree(source.name, batch, landed, staged.rows, superseded, quarantined.rows)
    # The batch first, then what was found in it: a replay begins here, without having landed it.
    note = partial(
        record_batch, session.warehouse, source=source.name, batch=batch, library=source.library
    )
    note(
        landed=landed,
        staged=staged.rows,
        superseded=superseded,
        quarantined=quarantined.rows,
        judged_by=judged.by,
        judged_again_on=judged.again_on,
    )
    findings = _record_findings(session, source, batch)
    note(findings=findings)
    refresh_equal_batches(session.warehouse, source.name, batch)
    return StageResult(
        source.name, batch, landed, staged.rows, superseded, quarantined.rows, findings
    )


def _record_findings(session: Session, source: Source, batch: str) -> int:
    """Count findings and quarantine reasons by column and rule; return how many findings."""
    staged, quarantined = staged_batch(session, source.name, batch)
    profile = finding_profile(staged, quarantined, source)
    wanted = profile.filter(profile.measure.isin(["finding", "quarantine_reason"]))
    rows = session.con.to_pyarrow(wanted).to_pylist()
    # Where a rule is a fault in some rows and a remark in others, the faults are what is counted.
    rows.sort(key=lambda row: row["severity"] == "info", reverse=True)
    counts = {
        (row["column_name"], row["element"], row["rule"]): FindingCount(
            row["column_name"] or "",
            row["element"] or "",
            row["rule"],
            row["severity"] or "error",
            row["row_count"],
        )
        for row in rows
    }
    found = list(counts.values())
    record_findings(session.warehouse, source=source.name, batch=batch, counts=found)
    return sum(row["row_count"] for row in rows if row["measure"] == "finding")


def _landed_on(session: Session, source: Source, batch: str) -> date:
    """The day the delivery arrived, from which its freshness is judged."""
    if session.settings.today:
        return session.settings.today
    (record,) = read_batches(session.warehouse, source.name, batch)
    return record.landed_at.date() if record.landed_at else batch_date(batch)


def _count(session: Session, rows: ir.Table) -> int:
    return int(session.con.execute(rows.count()))
