"""Ingest one batch of one source: land it, stage it, check it."""

import json
from collections.abc import Mapping
from datetime import date
from functools import partial

import ibis.expr.types as ir

from pipelines.batch import batch_date, batch_key
from pipelines.contracts.source import Source
from pipelines.errors import BatchChanged, CountsDisagree, QualityGateFailed, RawFilesLost
from pipelines.extract import Delivery, fingerprint_delivery, land_delivery
from pipelines.extract.limits import limits_of
from pipelines.flows.shared.corrections import with_corrections
from pipelines.flows.shared.ownership import working_on
from pipelines.flows.shared.parsing import parsed_rows
from pipelines.flows.shared.results import CheckResult, LandResult, StageResult, count_failures
from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.source.requirements import EXPECTATIONS, gate_reasons
from pipelines.quality.drift import Drift, Measure, batch_measures, drift_table, find_drift
from pipelines.quality.profile import finding_profile
from pipelines.quality.suites import raw_view, source_parameters, suites_for_source
from pipelines.runtime.gc_pause import collector_paused
from pipelines.runtime.scratch import scratch_folder
from pipelines.settings import Settings
from pipelines.stage import Split, rename_delivered, split_rows
from pipelines.warehouse import (
    FindingCount,
    read_batches,
    read_stopped_batches,
    record_batch,
    record_expectations,
    record_findings,
)
from pipelines.warehouse.quality.drift import read_history, record_drift

LINE_ORDER = ("_file", "_line")


def land(settings: Settings, source: Source, batch: str) -> LandResult:
    """Copy the department's delivery, byte for byte, into ``raw.<source>``.

    A batch that was landed before is left alone, unless files of it have gone from the lake: then
    they are made again from what is kept under ``landing/``.

    Raises:
        DeliveryMissing, UnreadableDelivery, MissingColumn: see ``pipelines.errors``.
        BatchChanged: it was landed before, and the file now says something else.
        RawFilesLost: files have gone from the lake, and there is no copy to make them from.
    """
    batch_date(batch)
    with (
        open_session(settings) as session,
        working_on(session, source),
        session.timed(source.name, batch, "land"),
    ):
        landed = session.lake.has(f"raw.{source.name}", batch)
        if landed and not session.lake.lost_files(f"raw.{source.name}", batch):
            return _landed_before(session, source, batch)
        with scratch_folder(settings.scratch_dir, "land") as scratch:
            if landed:
                _refuse_without_copy(settings, source, batch)
            delivery = land_delivery(
                source,
                batch,
                settings.landing_dir,
                scratch,
                _watermark(session, source),
                limits_of(settings),
            )
            properties = _delivery_properties(delivery)
            if landed:
                _refuse_other_content(session, source, batch, properties)
            commit = session.lake.write_files(
                delivery.parquet_paths, f"raw.{source.name}", batch=batch, properties=properties
            )
        _record_landing(session, source, batch, commit.rows, properties)
        return LandResult(source.name, batch, commit.rows, delivery.defective, changed=True)


def stage(settings: Settings, source: Source, batch: str) -> StageResult:
    """Type and judge every landed row; write ``staged.<source>`` and ``quarantine.<source>``.

    Raises:
        TableMissing: the batch has not been landed.
        CountsDisagree: a row was lost or made up, which is a defect of baselib.
    """
    as_of = batch_date(batch)
    with (
        collector_paused(),
        open_session(settings) as session,
        working_on(session, source),
        session.timed(source.name, batch, "stage"),
    ):
        raw = session.lake.read(session.con, f"raw.{source.name}", batch)
        with (
            with_corrections(session, rename_delivered(raw, source), source, batch) as corrected,
            parsed_rows(session, corrected, source, as_of) as parsed,
        ):
            split = split_rows(parsed, source)
            return _write_split(session, source, batch, split, landed=_count(session, raw))


def check(settings: Settings, source: Source, batch: str) -> CheckResult:
    """Run the suites of a batch; the results are kept in ``quality.expectation_result``.

    Raises:
        QualityGateFailed: a critical expectation failed.
    """
    from pipelines.engines.gx.run import run_suites  # Great Expectations takes seconds to import

    with (
        collector_paused(),
        open_session(settings) as session,
        working_on(session, source),
        session.timed(source.name, batch, "check"),
    ):
        staged, quarantined = _staged_batch(session, source, batch)
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
    if failed := gate_reasons(outcomes, source, profile.to_pylist(), drift):
        raise QualityGateFailed(f"{source.name}, batch {batch} ({delivered})", failed)
    return CheckResult(source.name, batch, len(outcomes), **count_failures(outcomes))


def _delivered(session: Session, source: Source, batch: str) -> str:
    """What came, for whoever reads why it was stopped: files and rows."""
    (record,) = read_batches(session.warehouse, source.name, batch)
    return f"{', '.join(record.files)}: {record.landed or 0:,} row(s)"


def _accepted_volumes(session: Session, source: Source, batch: str) -> list[int]:
    """Rows of the batches before, without those that a gate stopped: they are no example."""
    stopped = read_stopped_batches(session.warehouse, source.name)
    return [
        record.landed
        for record in read_batches(session.warehouse, source.name)
        if record.landed is not None
        and batch_key(record.batch) < batch_key(batch)
        and record.batch not in stopped
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
    session: Session, source: Source, batch: str, split: Split, landed: int
) -> StageResult:
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
    superseded = _count(session, split.superseded)
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
    )
    findings = _record_findings(session, source, batch)
    note(findings=findings)
    return StageResult(
        source.name, batch, landed, staged.rows, superseded, quarantined.rows, findings
    )


def _record_findings(session: Session, source: Source, batch: str) -> int:
    """Count findings and quarantine reasons by column and rule; return how many findings."""
    staged, quarantined = _staged_batch(session, source, batch)
    profile = finding_profile(staged, quarantined, source)
    wanted = profile.filter(profile.measure.isin(["finding", "quarantine_reason"]))
    rows = session.con.to_pyarrow(wanted).to_pylist()
    counts = [
        FindingCount(
            row["column_name"] or "",
            row["element"] or "",
            row["rule"],
            row["severity"] or "error",
            row["row_count"],
        )
        for row in rows
    ]
    record_findings(session.warehouse, source=source.name, batch=batch, counts=counts)
    return sum(row["row_count"] for row in rows if row["measure"] == "finding")


def _staged_batch(session: Session, source: Source, batch: str) -> tuple[ir.Table, ir.Table]:
    staged = session.lake.read(session.con, f"staged.{source.name}", batch)
    return staged, session.lake.read(session.con, f"quarantine.{source.name}", batch)


def _landed_on(session: Session, source: Source, batch: str) -> date:
    """The day the delivery arrived, from which its freshness is judged."""
    if session.settings.today:
        return session.settings.today
    (record,) = read_batches(session.warehouse, source.name, batch)
    return record.landed_at.date() if record.landed_at else batch_date(batch)


def _count(session: Session, rows: ir.Table) -> int:
    return int(session.con.execute(rows.count()))
