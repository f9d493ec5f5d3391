"""Issue tracking: from the findings of a batch to the change of state of each issue.

An old batch speaks only for records of which no newer batch speaks: a snapshot for every record
until a newer one is there, a delta for the records in it that have not come again since. So
whatever the order in which batches are tracked, the open issues are those of the latest version of
each record, and a back-fill never opens again what a newer batch has closed.

What a delivery lacks is not repaired: an issue whose record is not there stays as it is, and is
marked as missing until the record comes again.
"""

from collections.abc import Collection

import ibis
import ibis.expr.types as ir

from pipelines.keyed_digests import (
    issue_fingerprint,
    record_fingerprint,
    record_key,
    value_digest,
    with_site_key,
)
from pipelines.records import batch_order

# Why a row with a key is set aside; every other reason is about a row that has none.
_REASONS_WITH_KEY = ("NO_IDENTITY",)
ACTIVE = ("open", "sent", "answered", "not_fixed")
CLOSED = ("fixed", "confirmed_correct")

ISSUE_SCHEMA = {
    "fingerprint": "string",
    "record": "string",
    "column_name": "string",
    "rule": "string",
    "severity": "string",
    "batch": "string",
    "file": "string",
    "line": "int64",
    "is_quarantined": "boolean",
    "value_digest": "string",
    "other_record": "string",  # whose value it contradicts, of another source; NULL: nobody's
}
TRACKED_ISSUE_SCHEMA = {
    "fingerprint": "string",
    "record": "string",
    "column_name": "string",
    "rule": "string",
    "state": "string",
    "first_batch": "string",
    "last_batch": "string",
    "is_quarantined": "boolean",
    "missing_since": "string",
    "value_digest": "string",
    "other_record": "string",
}


def found_issues(staged: ir.Table, quarantined: ir.Table, source: str, key: str) -> ir.Table:
    """The issues of one batch, one row each: ``ISSUE_SCHEMA``.

    Args:
        staged: One batch of ``staged.<source>``.
        quarantined: The same batch of ``quarantine.<source>``.
        source: Name of the source.
        key: The site's secret.

    Returns:
        Every finding of severity error or warning, and every reason for quarantine; of several
        rows with the same issue, the first of the delivery.
    """
    found = [
        _findings(staged, quarantined=False),
        _findings(quarantined, quarantined=True),
        _reasons(quarantined),
    ]
    return _one_each(found[0].union(*found[1:], distinct=False), source, key)


def library_issues(findings: ir.Table, records: ir.Table, source: str, key: str) -> ir.Table:
    """The issues that only the whole library shows: ``ISSUE_SCHEMA``.

    Args:
        findings: ``identity.<entity>_finding``.
        records: What the source says today, with ``source_key`` and where it was delivered.
        source: Name of the source; findings of others are left out.
        key: The site's secret.
    """
    ours = findings.filter(findings.source == source, findings.severity.isin(["error", "warning"]))
    where = records.select("source_key", "_batch", "_file", "_line")
    placed = ours.left_join(where, "source_key")
    listed = placed.select(
        record_key=placed.source_key.fill_null(""),
        column=placed.column_name,
        rule=placed.rule,
        severity=placed.severity,
        value=placed.value.cast("string"),
        batch=placed["_batch"],
        file=placed["_file"],
        line=placed["_line"].cast("int64"),
        is_quarantined=ibis.literal(False),
        other_source=placed.other_source,
        other_key=placed.other_key,
    )
    return _one_each(listed, source, key)


def contradicted_no_more(tracked: ir.Table, found: ir.Table) -> ir.Table:
    """Open issues about a contradiction with another source's record that is not found now."""
    lasting = tracked.filter(tracked.other_record.notnull(), tracked.state.isin(ACTIVE))
    return lasting.anti_join(found, "fingerprint")


def undecided_issues(
    gone: ir.Table,
    columns: Collection[str],
    records: ir.Table,
    others: ir.Table,
    source: str,
    key: str,
) -> ir.Table:
    """``fingerprint`` of issues about a contradiction that nobody can say to be settled.

    The record that contradicted is not there any more, and the value that it contradicted still
    stands: it may be as wrong as before.

    Args:
        gone: ``contradicted_no_more``.
        columns: Their columns; at least one.
        records: What the source says today.
        others: ``source, source_key`` of all records that libraries are made of today.
        source: Name of the source.
        key: The site's secret.
    """
    keyed = with_site_key(others.distinct(), key)
    there = keyed.select(record=record_fingerprint(keyed.site_key, keyed.source, keyed.source_key))
    alone = gone.filter(gone.other_record.notin(there.record))
    named = with_site_key(records, key)
    name = record_fingerprint(named.site_key, ibis.literal(source), named.source_key)
    few = named.mutate(record=name).semi_join(alone, "record")
    values = [
        few.select(
            "record",
            column_name=ibis.literal(column),
            value_digest=value_digest(few.site_key, few[column].cast("string")),
        )
        for column in columns
    ]
    standing = ibis.union(*values, distinct=False) if len(values) > 1 else values[0]
    kept = alone.semi_join(standing, ["record", "column_name", "value_digest"])
    return kept.select("fingerprint")


def records_of(rows: ir.Table, source: str, key: str) -> ir.Table:
    """``record``: which records are among rows of ``staged`` or ``quarantine``."""
    keyed = with_site_key(rows.select(record_key=record_key(rows)).distinct(), key)
    named = record_fingerprint(keyed.site_key, ibis.literal(source), keyed.record_key)
    return keyed.select(record=named)


def issue_changes(
    tracked: ir.Table,
    found: ir.Table,
    covered: ir.Table,
    overlaid: ir.Table,
    *,
    batch: str,
    whole: bool,
    longer: Collection[str] = (),
    undecided: ir.Table | None = None,
) -> ir.Table:
    """The change of state of each issue of one source.

    Args:
        tracked: Issues so far, ``TRACKED_ISSUE_SCHEMA``.
        found: ``ISSUE_SCHEMA`` and ``is_current``: whether the batch speaks for the record.
        covered: ``record`` of all records in the batch that it speaks for.
        overlaid: ``record, column_name`` of values that the correction ledger replaces here.
        batch: Its id, or the run's for findings of a whole library.
        whole: The batch speaks for every record of the source: one that is not in it is missing.
        longer: Batches with more rows than this one. A row without a key is known by its content
            alone, so that one that is not there was repaired or is missing: missing, if there are
            fewer rows than when it was seen last.
        undecided: ``fingerprint`` of issues that are not repaired because they are not found.

    Returns:
        ``ISSUE_SCHEMA`` and ``action``, one row per issue to which something happens:

        ========= ============================================================================
        opened    it is new
        seen      it is still there
        reopened  it had been fixed, or was confirmed correct with another value
        not_fixed its owner answered, and a later batch still has it
        fixed     the record came again without it; a row without a key did not come again
        missing   the record is no longer there; the issue keeps its state
        older     an old batch had it already
        ========= ============================================================================
    """
    news = found.rename(**{f"new_{name}": name for name in found.columns})
    replaced = overlaid.select("record", "column_name").distinct().mutate(is_overlaid=True)
    judged = tracked.left_join(replaced, ["record", "column_name"]).drop(
        "record_right", "column_name_right"
    )
    judged = judged.mutate(
        present=judged.record.isin(covered.record)
        | _is_repaired_without_key(judged, longer, whole),
        is_undecided=judged.fingerprint.isin(undecided.fingerprint)
        if undecided is not None
        else ibis.literal(False),
    )
    pairs = judged.outer_join(news, judged.fingerprint == news.new_fingerprint)
    action = _action(pairs, batch, whole=whole)
    kept = {name: pairs[f"new_{name}"] for name in ISSUE_SCHEMA if name != "fingerprint"}
    changes = pairs.select(
        fingerprint=ibis.coalesce(pairs.fingerprint, pairs.new_fingerprint), **kept, action=action
    )
    return changes.filter(changes.action.notnull())


def _action(pair: ir.Table, batch: str, *, whole: bool) -> ir.StringValue:
    here = pair.new_is_current.fill_null(False)
    this = batch_order(ibis.literal(batch))
    later = this > batch_order(pair.last_batch)
    earlier = this < batch_order(pair.first_batch)
    changed = pair.new_value_digest != pair.value_digest
    active = pair.state.isin(ACTIVE)
    overlaid = pair.is_overlaid.fill_null(False)
    return ibis.cases(
        (pair.fingerprint.isnull() & here, "opened"),
        (pair.fingerprint.isnull(), ibis.null("string")),
        (here & (pair.state == "fixed"), "reopened"),
        (here & (pair.state == "confirmed_correct") & changed, "reopened"),
        (here & (pair.state == "answered") & later, "not_fixed"),
        (here & active, "seen"),
        (pair.new_fingerprint.notnull() & earlier, "older"),
        (~active | overlaid | here, ibis.null("string")),
        (pair.present & pair.is_undecided, ibis.null("string")),
        (pair.present, "fixed"),
        (ibis.literal(whole) & pair.missing_since.isnull(), "missing"),
        else_=ibis.null("string"),
    )


def _is_repaired_without_key(
    tracked: ir.Table, longer: Collection[str], whole: bool
) -> ir.BooleanValue:
    """Whether an issue is of a row without a key, and no rows have been lost since it was seen."""
    if not whole:
        return ibis.literal(False)
    without_key = tracked.filter(
        tracked.is_quarantined,
        tracked.column_name == "",
        tracked.rule.notin(_REASONS_WITH_KEY),
    )
    no_row_lost = tracked.last_batch.notin([*longer]) if longer else ibis.literal(True)
    return tracked.record.isin(without_key.record) & no_row_lost


def _findings(rows: ir.Table, *, quarantined: bool) -> ir.Table:
    each = rows.select(
        "_batch",
        "_file",
        "_line",
        record_key=record_key(rows),
        finding=rows["findings"].unnest(),
    )
    finding = each["finding"]
    listed = each.select(
        "record_key",
        column=finding["column"],
        rule=finding["rule"],
        severity=finding["severity"],
        value=finding["value"],
        batch=each["_batch"],
        file=each["_file"],
        line=each["_line"].cast("int64"),
        is_quarantined=ibis.literal(quarantined),
    )
    return listed.filter(listed.severity != "info")


def _reasons(quarantined: ir.Table) -> ir.Table:
    each = quarantined.select(
        "_batch",
        "_file",
        "_line",
        record_key=record_key(quarantined),
        rule=quarantined["reasons"].unnest(),
    )
    return each.select(
        "record_key",
        column=ibis.null("string"),
        rule=each.rule,
        severity=ibis.literal("error"),
        value=ibis.null("string"),
        batch=each["_batch"],
        file=each["_file"],
        line=each["_line"].cast("int64"),
        is_quarantined=ibis.literal(True),
    )


def _one_each(listed: ir.Table, source: str, key: str) -> ir.Table:
    keyed = with_site_key(listed, key)
    name = ibis.literal(source)
    other = ibis.null("string")
    if "other_key" in keyed.columns:
        fingerprint = record_fingerprint(keyed.site_key, keyed.other_source, keyed.other_key)
        other = ibis.ifelse(keyed.other_key.notnull(), fingerprint, ibis.null("string"))
    named = keyed.select(
        fingerprint=issue_fingerprint(
            keyed.site_key, name, keyed.record_key, keyed["column"], keyed.rule
        ),
        record=record_fingerprint(keyed.site_key, name, keyed.record_key),
        column_name=keyed["column"].fill_null(""),
        rule=keyed.rule,
        severity=keyed.severity,
        batch=keyed.batch,
        file=keyed.file,
        line=keyed.line,
        is_quarantined=keyed.is_quarantined,
        value_digest=value_digest(keyed.site_key, keyed["value"]),
        other_record=other,
    )
    order = [named.file, named.line, named.value_digest, named.other_record]
    place = ibis.row_number().over(group_by=named.fingerprint, order_by=order)
    ranked = named.mutate(place=place)
    return ranked.filter(ranked.place == 0).drop("place")
