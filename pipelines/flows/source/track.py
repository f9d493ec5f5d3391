"""Issue tracking of a source from batch to batch: new, repaired, not repaired, reopened.

Runs after ``check``, and once more after ``compare``, for what only the whole library shows. A
batch that a gate stopped counts for nothing: what is wrong in it is told by what stopped it. What a
batch lacks is not repaired: its issues stay open and its corrections stand, until it comes again.
"""

from dataclasses import dataclass
from datetime import datetime

import ibis
import ibis.expr.types as ir

from pipelines.batch import CHINA, batch_date
from pipelines.contracts.source import Source
from pipelines.engines.duck import arrow_reader
from pipelines.flows.shared.batches import (
    all_rows,
    has_rows,
    raw_batch,
    staged_batch,
    staged_batches,
)
from pipelines.flows.shared.corrections import ledger_table
from pipelines.flows.shared.ownership import working_on
from pipelines.flows.shared.parsing import matched_ledger
from pipelines.flows.shared.results import TrackResult
from pipelines.flows.shared.session import Session, moment, open_session
from pipelines.flows.shared.site_keys import digest_key
from pipelines.libraries import load_libraries, load_library
from pipelines.quality.issues import (
    TRACKED_ISSUE_SCHEMA,
    contradicted_no_more,
    found_issues,
    issue_changes,
    library_issues,
    records_of,
    undecided_issues,
)
from pipelines.records import batch_order, current_records
from pipelines.settings import Settings
from pipelines.stage import applicable, rename_delivered
from pipelines.warehouse import read_batches, read_stopped_batches
from pipelines.warehouse.quality.issues.owner_months import refresh_owner_months
from pipelines.warehouse.quality.issues.tracked import IssueSession, open_issues

CHUNK_ROWS = 50_000


@dataclass(frozen=True)
class Batch:
    """One batch of a source, and for which of its records it speaks."""

    name: str
    newest: bool
    whole: bool  # a record that is not in it is none any more
    staged: ir.Table
    quarantined: ir.Table
    superseded: ir.Table | None  # records of which a newer batch speaks; None: there are none


def track(settings: Settings, source: Source, batch: str) -> TrackResult:
    """Bring ``quality.issue``, the correction ledger and the month's figures up to date.

    A batch that could not be staged has nothing to follow: the failed task tells the engineer. One
    that a gate stopped is to be delivered again as a whole: it opens no issue and closes none.

    Raises:
        CalendarUnknown: a due date lies beyond the known years; everything else is done.
    """
    batch_date(batch)
    with (
        open_session(settings, keeps_sql=True) as session,
        working_on(session, source),
        session.timed(source.name, batch, "track"),
    ):
        if not has_rows(session, source.name, batch):
            return TrackResult(source.name, batch, 0, 0, 0, 0, 0, 0, 0)
        return _track(session, source, batch)


def _track(session: Session, source: Source, batch: str) -> TrackResult:
    when = moment(session.settings)
    stopped = read_stopped_batches(session.warehouse, source.name)
    counts, library, retired = dict[str, int](), dict[str, int](), 0
    with open_issues(session.settings, source) as issues:
        if batch not in stopped:
            this = _batch(session, source, batch, stopped)
            held, retired = _follow_ledger(session, issues, source, this, when)
            counts = _track_batch(session, issues, source, this, held, when)
            library = _track_library(session, issues, source, held, batch, stopped, when)
        still_open = issues.count_open()
        undated = issues.lack_due_dates()
    if undated:  # afterwards, so that a refusal undoes nothing
        with open_issues(session.settings, source) as issues:
            issues.set_due_dates()
    refresh_owner_months(session.warehouse, when.astimezone(CHINA).date(), source.name)
    return TrackResult(
        source.name,
        batch,
        opened=counts.get("opened", 0),
        reopened=counts.get("reopened", 0),
        fixed=counts.get("fixed", 0),
        missing=counts.get("missing", 0),
        not_fixed=counts.get("not_fixed", 0),
        retired=retired,
        still_open=still_open,
        found_by_library=sum(count for action, count in library.items() if action != "seen"),
    )


def _batch(session: Session, source: Source, batch: str, stopped: set[str]) -> Batch:
    staged, quarantined = staged_batch(session, source.name, batch)
    batches = staged_batches(session, source.name)
    every = ibis.memtable({"batch": batches}, schema={"batch": "string"})
    newer = every.filter(batch_order(every.batch) > batch_order(ibis.literal(batch)))
    names = [
        name
        for name in session.con.to_pyarrow(newer).column("batch").to_pylist()
        if name not in stopped
    ]
    if not names or source.delivery == "snapshot":
        whole = not names and source.delivery == "snapshot"
        return Batch(batch, not names, whole, staged, quarantined, None)
    key = digest_key(session.settings)
    records = [
        records_of(rows.filter(rows["_batch"].isin(names)), source.name, key)
        for rows in (all_rows(session, layer, source.name) for layer in ("staged", "quarantine"))
    ]
    return Batch(batch, False, False, staged, quarantined, records[0].union(records[1]))


def _speaks(this: Batch, source: Source, record: ir.StringValue) -> ir.BooleanValue:
    """Whether the batch speaks for a record that is in it."""
    if this.newest:
        return ibis.literal(True)
    if source.delivery == "snapshot" or this.superseded is None:
        return ibis.literal(False)
    return record.notin(this.superseded.record)


def _track_batch(
    session: Session,
    issues: IssueSession,
    source: Source,
    this: Batch,
    held: ir.Table,
    when: datetime,
) -> dict[str, int]:
    key = digest_key(session.settings)
    found = found_issues(this.staged, this.quarantined, source.name, key)
    present = records_of(this.staged, source.name, key).union(
        records_of(this.quarantined, source.name, key)
    )
    open_before = ibis.memtable(
        issues.read_layer("batch"), schema=ibis.schema(TRACKED_ISSUE_SCHEMA)
    )
    changes = issue_changes(
        open_before,
        found.mutate(is_current=_speaks(this, source, found.record)),
        present.filter(_speaks(this, source, present.record)),
        held,
        batch=this.name,
        whole=this.whole,
        longer=_longer_batches(session, source, this.name),
    )
    return _apply(session, issues, changes, "batch", this.name, when)


def _longer_batches(session: Session, source: Source, batch: str) -> list[str]:
    """The batches in which more was delivered than in this one."""
    landed = {each.batch: each.landed or 0 for each in read_batches(session.warehouse, source.name)}
    return [name for name, rows in landed.items() if rows > landed.get(batch, 0)]


def _track_library(
    session: Session,
    issues: IssueSession,
    source: Source,
    held: ir.Table,
    batch: str,
    stopped: set[str],
    when: datetime,
) -> dict[str, int]:
    """What only the whole library shows, as its last run found it; nothing before there was one.

    It speaks for the records that the source has today: of one that is not delivered any more,
    nobody can say that it agrees with others now.
    """
    table = f"identity.{load_library(source.library).entity}_finding"
    if not session.lake.has(table):
        return {}
    key = digest_key(session.settings)
    staged = all_rows(session, "staged", source.name)
    if stopped:
        staged = staged.filter(staged["_batch"].notin([*stopped]))
    findings = session.lake.read(session.con, table)
    current = current_records(staged, source.delivery)
    found = library_issues(findings, current, source.name, key)
    run = session.lake.properties(table, None).get("run", batch)
    open_before = ibis.memtable(
        issues.read_layer("library"), schema=ibis.schema(TRACKED_ISSUE_SCHEMA)
    )
    speaking = found.mutate(is_current=ibis.literal(True))
    present = records_of(current, source.name, key)
    with session.materialised(contradicted_no_more(open_before, found)) as gone:
        asked = set(session.con.to_pyarrow(gone.column_name).to_pylist()) & {*current.columns}
        undecided = (
            undecided_issues(
                gone, sorted(asked), current, _records_of_libraries(session), source.name, key
            )
            if asked
            else None
        )
        changes = issue_changes(
            open_before, speaking, present, held, batch=run, whole=True, undecided=undecided
        )
        return _apply(session, issues, changes, "library", run, when)


def _records_of_libraries(session: Session) -> ir.Table:
    """``source, source_key`` of the records that what is published was made of."""
    tables = [f"core.{library.entity}_source" for library in load_libraries().values()]
    return ibis.union(
        *(
            session.lake.read(session.con, table).select("source", "source_key")
            for table in tables
            if session.lake.has(table)
        ),
        distinct=False,
    )


def _follow_ledger(
    session: Session, issues: IssueSession, source: Source, this: Batch, when: datetime
) -> tuple[ir.Table, int]:
    """Retire what the source has overtaken; answer which values stand corrected in this batch."""
    ledger = issues.ledger()
    if not ledger.num_rows:
        return _nothing_held(), 0
    raw = rename_delivered(raw_batch(session, source.name, this.name), source)
    entries = applicable(ledger_table(ledger), this.name)
    with matched_ledger(session, raw, entries, source, batch_date(this.name)) as matched:
        live = matched.filter(matched.holds, matched.kind == "correction")
        # The correction of one of two columns answers for the issue, which stands at the other.
        tracked = ibis.memtable(
            issues.read_layer("batch"), schema=ibis.schema(TRACKED_ISSUE_SCHEMA)
        )
        answered = tracked.semi_join(live, "fingerprint").select("record", "column_name")
        corrected = live.select("record", "column_name").union(answered)
        held = session.con.to_pyarrow(corrected.distinct())
        overtaken = _overtaken(matched, entries, source, this)
        retired = session.con.to_pyarrow(overtaken)
    issues.retire(retired, this.name, when)
    return ibis.memtable(held), retired.num_rows


def _overtaken(matched: ir.Table, entries: ir.Table, source: Source, this: Batch) -> ir.Table:
    """``id, why`` of live entries that the batch makes pointless."""
    now = matched.group_by("id").agg(
        holds=matched.holds.any(), repaired=matched.repaired.any(), rows=matched.count()
    )
    live = entries.filter(entries.retired_batch.isnull())
    followed = live.left_join(now, "id")
    present = followed.rows.notnull()
    why = ibis.cases(
        (present & followed.holds, ibis.null("string")),
        (present & ~_speaks(this, source, followed.record), ibis.null("string")),
        (present & followed.repaired, "source_repaired"),
        (present, "source_changed"),
        else_=ibis.null("string"),
    )
    retired = followed.select("id", why=why)
    return retired.filter(retired.why.notnull())


def _apply(
    session: Session,
    issues: IssueSession,
    changes: ir.Table,
    layer: str,
    batch: str,
    when: datetime,
) -> dict[str, int]:
    with session.materialised(changes) as rows:
        reader = arrow_reader(session.con, rows, CHUNK_ROWS)
        return dict(issues.apply(reader, layer=layer, batch=batch, when=when))


def _nothing_held() -> ir.Table:
    schema = {"record": "string", "column_name": "string"}
    return ibis.memtable({name: [] for name in schema}, schema=ibis.schema(schema))
