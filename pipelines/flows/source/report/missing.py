"""Records that a snapshot lacks and the batch before had: told to their owner, with a number."""

from collections.abc import Sequence

import ibis.expr.types as ir

from pipelines.contracts.source import Source
from pipelines.flows.shared.session import Session
from pipelines.report.words import vocabulary
from pipelines.warehouse import BatchRecord, read_passed_over_batches


def missing_records(
    session: Session, source: Source, batch: str, before: Sequence[BatchRecord]
) -> list[str]:
    """A remark where records of the last accepted batch did not come again; else nothing.

    Args:
        session: Lake and warehouse.
        source: The contract; of a delta nothing is missing.
        batch: The batch that is reported.
        before: Batches before it that were staged, oldest first.
    """
    passed_over = read_passed_over_batches(session.warehouse, source.name)
    accepted = [each.batch for each in before if each.batch not in passed_over]
    kept = accepted and session.lake.has(f"quarantine.{source.name}", accepted[-1])
    if source.delivery != "snapshot" or not kept:
        return []
    earlier = _keys(session, source, accepted[-1])
    lacking = earlier.anti_join(_keys(session, source, batch), "source_key")
    missing = int(session.con.execute(lacking.count()))
    if not missing:
        return []
    share = missing / int(session.con.execute(earlier.count()))
    words = vocabulary(source.reporting.language).words["missing_records"]
    return [words.format(batch=accepted[-1], records=f"{missing:,}", share=f"{share:.1%}")]


def _keys(session: Session, source: Source, batch: str) -> ir.Table:
    """Keys of the records of a batch, usable or not."""
    tables = (f"staged.{source.name}", f"quarantine.{source.name}")
    staged, aside = (session.lake.read(session.con, each, batch) for each in tables)
    every = staged.select("source_key").union(aside.select("source_key"))
    return every.filter(every.source_key.notnull()).distinct()
