"""Ingest one batch of one source: land it, stage it, check it."""

from collections.abc import Mapping

import ibis.expr.types as ir

from pipelines.batch import batch_date
from pipelines.contracts import Source
from pipelines.errors import BatchChanged, CountsDisagree, QualityGateFailed
from pipelines.extract import fingerprint_delivery, land_delivery
from pipelines.flows.results import CheckResult, LandResult, StageResult
from pipelines.flows.workplace import Workplace, open_workplace
from pipelines.quality import finding_profile
from pipelines.settings import Settings
from pipelines.stage import parse_rows, split_rows
from pipelines.warehouse import record_batch, record_findings


def land(settings: Settings, source: Source, batch: str) -> LandResult:
    """Copy the department's delivery, byte for byte, into ``raw.<source>``.

    A batch that was landed before is left alone.

    Raises:
        DeliveryMissing, UnreadableDelivery, MissingColumn: see ``pipelines.errors``.
        BatchChanged: it was landed before, and the file now says something else.
    """
    batch_date(batch)
    with open_workplace(settings) as place, place.timed(source.name, batch, "land"):
        table = f"raw.{source.name}"
        if place.lake.has(table, batch):
            return _landed_before(place, source, batch)
        delivery = land_delivery(
            source, batch, settings.landing_dir, settings.scratch_dir, _watermark(place, source)
        )
        commit = place.lake.write_files(
            delivery.parquet_paths,
            table,
            batch=batch,
            properties={
                "fingerprint": delivery.fingerprint,
                "defective": str(delivery.defective),
                "watermark": delivery.watermark or "",
                "encoding": delivery.encoding,
                "unmapped": ",".join(delivery.unmapped_columns),
            },
        )
        return LandResult(source.name, batch, commit.rows, delivery.defective, commit.changed)
