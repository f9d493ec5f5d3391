"""Records that were erased and are delivered again: taken out before they are staged.

Which record a row is about is known when it is parsed; until then, for the minutes between landing
and staging, raw has it. A source with erased records keeps no copies of its deliveries, in which
they would stand.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from shutil import rmtree

import ibis
import ibis.expr.types as ir

from pipelines.contracts.source import Source
from pipelines.flows.shared.parsing import parsed_rows
from pipelines.flows.shared.session import Session
from pipelines.flows.shared.site_keys import digest_key
from pipelines.flows.source.own_rows import LINE_ORDER
from pipelines.keyed_digests import record_fingerprint, value_digest, with_site_key
from pipelines.libraries import load_library
from pipelines.stage import rename_delivered
from pipelines.warehouse.people.erasures import ANY_SOURCE, read_erased


def take_out_erased(session: Session, source: Source, batch: str, as_of: date) -> int:
    """Take rows about erased records out of ``raw.<source>``, with the batch's copy; how many."""
    erased = read_erased(session.warehouse, source.name)
    if not any(erased.values()):
        return 0
    table = f"raw.{source.name}"
    raw = session.lake.read(session.con, table, batch)
    digests = {name: sorted(each) for name, each in erased.items()}
    with _places(session, source, raw, as_of, digests) as places:
        count = int(session.con.execute(places.count()))
        if count:
            session.lake.write(
                session.con,
                raw.anti_join(places, LINE_ORDER),
                table,
                batch=batch,
                order_by=LINE_ORDER,
                properties=session.lake.properties(table, batch),
            )
            session.lake.forget(table)
    drop_copy(session, source, batch)
    return count


def drop_copy(session: Session, source: Source, batch: str) -> None:
    """Delete the kept copy of a delivery if the source has records that were erased."""
    if any(read_erased(session.warehouse, source.name).values()):
        rmtree(session.settings.landing_dir / source.name / batch, ignore_errors=True)


@contextmanager
def _places(
    session: Session,
    source: Source,
    raw: ir.Table,
    as_of: date,
    digests: Mapping[str, Sequence[str]],
) -> Iterator[ir.Table]:
    """``_file, _line`` of the rows that are about something erased."""
    strong = load_library(source.library).identity.strong
    with parsed_rows(session, rename_delivered(raw, source), source, as_of) as parsed:
        rows = with_site_key(parsed.rows, digest_key(session.settings))
        record = record_fingerprint(rows.site_key, ibis.literal(source.name), rows.source_key)
        wanted = (record.isin(digests[source.name]) & rows.source_key.notnull()).fill_null(False)
        if strong in rows.columns:
            number = value_digest(rows.site_key, rows[strong].cast("string"))
            known = number.isin(digests[ANY_SOURCE]) & rows[strong].notnull()
            wanted = wanted | known.fill_null(False)
        with session.materialised(rows.filter(wanted).select(*LINE_ORDER)) as places:
            yield places
