"""Ingest one batch of one source: land it, stage it, check it."""

import json
from collections.abc import Mapping
from datetime import date
from functools import partial

import ibis.expr.types as ir

from pipelines.batch import batch_date, batch_key
from pipelines.contracts.source import Source
from pipelines.errors import BatchChanged, CountsDisagree, QualityGateFailed
from pipelines.extract import Delivery, fingerprint_delivery, land_delivery
from pipelines.flows.shared.corrections import with_corrections
from pipelines.flows.shared.parsing import parsed_rows
from pipelines.flows.shared.results import CheckResult, LandResult, StageResult, count_failures
from pipelines.flows.shared.session import Workplace, open_workplace
from pipelines.quality.drift import Drift, Measure, batch_measures, drift_table, find_drift
from pipelines.quality.outcome import gate
from pipelines.quality.profile import finding_profile
from pipelines.quality.suites import raw_view, source_parameters, suites_for_source
from pipelines.runtime.gc_pause import collector_paused
from pipelines.runtime.scratch import scratch_folder
from pipelines.settings import PROJECT, Settings
from pipelines.stage import Split, split_rows
from pipelines.warehouse import (
    FindingCount,
    read_batches,
    read_stopped_batches,
    record_batch,
    record_expectations,
    record_findings,
)
from pipelines.warehouse.quality.drift import read_history, record_drift

EXPECTATIONS = PROJECT / "expectations"
LINE_ORDER = ("_file", "_line")


def land(settings: Settings, source: Source, batch: str) -> LandResult:
    """Copy the department's delivery, byte for byte, into ``raw.<source>``.

    A batch that was landed before is left alone.

    Raises:
        DeliveryMissing, UnreadableDelivery, MissingColumn: see ``pipelines.errors``.
        BatchChanged: it was landed before, and the file now says something else.
    """
    batch_date(batch)
    with open_workplace(settings) as place, place.timed(source.name, batch, "land"):
        if place.lake.has(f"raw.{source.name}", batch):
            return _landed_before(place, source, batch)
        with scratch_folder(settings.scratch_dir, "land") as scratch:
            delivery = land_delivery(
                source, batch, settings.landing_dir, scratch, _watermark(place, source)
            )
            known = _told(delivery)
            commit = place.lake.write_files(
                delivery.parquet_paths, f"raw.{source.name}", batch=batch, properties=known
            )
        _record_landing(place, source, batch, commit.rows, known)
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
        open_workplace(settings) as place,
        place.timed(source.name, batch, "stage"),
    ):
        raw = place.lake.read(place.con, f"raw.{source.name}", batch)
        with (
            with_corrections(place, raw, source, batch) as answered,
            parsed_rows(place, answered, source, as_of) as parsed,
        ):
            split = split_rows(parsed, source)
            return _write_split(place, source, batch, split, landed=_count(place, raw))


def check(settings: Settings, source: Source, batch: str) -> CheckResult:
    """Run the suites of a batch; the results are kept in ``quality.expectation_result``.

    Raises:
        QualityGateFailed: a critical expectation failed.
    """
    from pipelines.engines.gx.run import run_suites  # Great Expectations takes seconds to import

    with (
        collector_paused(),
        open_workplace(settings) as place,
        place.timed(source.name, batch, "check"),
    ):
        staged, quarantined = _staged_batch(place, source, batch)
        delivered = _delivered(place, source, batch)
        profile = place.con.to_pyarrow(finding_profile(staged, quarantined, source))
        history = _accepted_volumes(place, source, batch)
        drift = _drift(place, source, batch, staged)
        outcomes = run_suites(
            settings,
            {
                "delivered": place.lake.files(f"raw.{source.name}", batch),
                "raw": raw_view("delivered", _landed_on(place, source, batch)),
                "staged": place.lake.files(f"staged.{source.name}", batch),
                "findings": profile,
                "drift": drift_table(drift),
            },
            suites_for_source(source, EXPECTATIONS, source_parameters(source, history)),
            about=(source.name, batch),
        )
        record_expectations(
            place.warehouse, subject=source.name, run=batch, layer="source", outcomes=outcomes
        )
    if failed := gate(outcomes):
        raise QualityGateFailed(f"{source.name}, batch {batch} ({delivered})", failed)
    return CheckResult(source.name, batch, len(outcomes), **count_failures(outcomes))


def _delivered(place: Workplace, source: Source, batch: str) -> str:
    """What came, for whoever reads why it was stopped: files and rows."""
    (record,) = read_batches(place.warehouse, source.name, batch)
    return f"{', '.join(record.files)}: {record.landed or 0:,} row(s)"


def _accepted_volumes(place: Workplace, source: Source, batch: str) -> list[int]:
    """Rows of the batches before, without those that a gate stopped: they are no example."""
    stopped = read_stopped_batches(place.warehouse, source.name)
    return [
        record.landed
        for record in read_batches(place.warehouse, source.name)
        if record.landed is not None
        and batch_key(record.batch) < batch_key(batch)
        and record.batch not in stopped
    ]


def _drift(place: Workplace, source: Source, batch: str, staged: ir.Table) -> list[Drift]:
    """Measure a batch, hold it against the batches before, and keep both for the next one."""
    (record,) = read_batches(place.warehouse, source.name, batch)
    day = batch_date(batch)
    earlier = [
        batch_date(each.batch)
        for each in read_batches(place.warehouse, source.name)
        if each.landed is not None and batch_key(each.batch) < batch_key(batch)
    ]
    rows = place.con.to_pyarrow(batch_measures(staged, source)).to_pylist()
    measured = [
        *(Measure(**row) for row in rows),
        *(Measure("column", name, "", 1.0) for name in record.unmapped_columns),
        Measure("age_days", "", "", float((_landed_on(place, source, batch) - day).days)),
    ]
    if earlier:
        measured.append(Measure("interval_days", "", "", float((day - max(earlier)).days)))
    history = read_history(place.warehouse, source=source.name, before=batch)
    drift = find_drift(measured, history, record.staged or 0)
    record_drift(place.warehouse, source=source.name, batch=batch, drift=drift)
    return drift


def _landed_before(place: Workplace, source: Source, batch: str) -> LandResult:
    """Leave raw alone, and write again what a process that died may not have written."""
    known = place.lake.properties(f"raw.{source.name}", batch)
    delivered = fingerprint_delivery(source, batch)
    if delivered is not None and delivered != known["fingerprint"]:
        raise BatchChanged(source.name, batch)
    rows = _count(place, place.lake.read(place.con, f"raw.{source.name}", batch))
    _record_landing(place, source, batch, rows, known)
    return LandResult(source.name, batch, rows, int(known["defective"]), changed=False)


def _told(delivery: Delivery) -> Mapping[str, str]:
    """What is known of a delivery besides its rows; kept with them, in the same commit."""
    return {
        "fingerprint": delivery.fingerprint,
        "defective": str(delivery.defective),
        "watermark": delivery.watermark or "",
        "encoding": delivery.encoding,
        "files": json.dumps(list(delivery.files)),
        "unmapped": json.dumps(list(delivery.unmapped_columns), ensure_ascii=False),
        "remarks": json.dumps(list(delivery.remarks), ensure_ascii=False),
    }


def _watermark(place: Workplace, source: Source) -> str | None:
    """How far the last delivery of a delta reached; the next one begins there."""
    batches = place.lake.batches(f"raw.{source.name}")
    if source.delivery != "delta" or not batches:
        return None
    return place.lake.properties(f"raw.{source.name}", batches[-1])["watermark"] or None


def _record_landing(
    place: Workplace, source: Source, batch: str, rows: int, known: Mapping[str, str]
) -> None:
    record_batch(
        place.warehouse,
        source=source.name,
        batch=batch,
        library=source.library,
        landed=rows,
        files=json.loads(known["files"]),
        fingerprint=known["fingerprint"],
        encoding=known["encoding"],
        unmapped_columns=json.loads(known["unmapped"]),
        remarks=json.loads(known["remarks"]),
    )


def _write_split(
    place: Workplace, source: Source, batch: str, split: Split, landed: int
) -> StageResult:
    staged = place.lake.write(
        place.con, split.staged, f"staged.{source.name}", batch=batch, order_by=LINE_ORDER
    )
    quarantined = place.lake.write(
        place.con, split.quarantined, f"quarantine.{source.name}", batch=batch, order_by=LINE_ORDER
    )
    superseded = _count(place, split.superseded)
    if landed != staged.rows + superseded + quarantined.rows:
        raise CountsDisagree(source.name, batch, landed, staged.rows, superseded, quarantined.rows)
    # The batch first, then what was found in it: a replay begins here, without having landed it.
    note = partial(
        record_batch, place.warehouse, source=source.name, batch=batch, library=source.library
    )
    note(
        landed=landed,
        staged=staged.rows,
        superseded=superseded,
        quarantined=quarantined.rows,
    )
    findings = _record_findings(place, source, batch)
    note(findings=findings)
    return StageResult(
        source.name, batch, landed, staged.rows, superseded, quarantined.rows, findings
    )


def _record_findings(place: Workplace, source: Source, batch: str) -> int:
    """Count findings and quarantine reasons by column and rule; return how many findings."""
    staged, quarantined = _staged_batch(place, source, batch)
    profile = finding_profile(staged, quarantined, source)
    wanted = profile.filter(profile.measure.isin(["finding", "quarantine_reason"]))
    rows = place.con.to_pyarrow(wanted).to_pylist()
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
    record_findings(place.warehouse, source=source.name, batch=batch, counts=counts)
    return sum(row["row_count"] for row in rows if row["measure"] == "finding")


def _staged_batch(place: Workplace, source: Source, batch: str) -> tuple[ir.Table, ir.Table]:
    staged = place.lake.read(place.con, f"staged.{source.name}", batch)
    return staged, place.lake.read(place.con, f"quarantine.{source.name}", batch)


def _landed_on(place: Workplace, source: Source, batch: str) -> date:
    """The day the delivery arrived, from which its freshness is judged."""
    if place.settings.today:
        return place.settings.today
    (record,) = read_batches(place.warehouse, source.name, batch)
    return record.landed_at.date() if record.landed_at else batch_date(batch)


def _count(place: Workplace, rows: ir.Table) -> int:
    return int(place.con.execute(rows.count()))
