"""Keyed digests: fingerprints of issues, records and values that carry no personal data.

The fingerprint of an issue is the same for the same fault of the same record, batch after batch: it
names which record of which source breaks which rule in which column. The value is no part of it,
so an issue keeps its name while the owner tries to repair it; the site's key is, so that nobody can
try all citizen numbers and find out whose issue it is.
"""

import ibis
import ibis.expr.types as ir

FINGERPRINT_DIGITS = 20  # 76 bits or more: of 10**9 issues two meet with probability 10**-5
SEPARATOR = "\x1f"
_FIRST = "f"  # a spreadsheet takes 1234… and 12e34… for numbers, and writes back what is left
_ROW = "\x1e"  # begins the name of a row that has no key; no key of a department begins so


def issue_fingerprint(
    site_key: ir.StringValue,
    source: ir.StringValue,
    source_key: ir.StringValue,
    column: ir.StringValue,
    rule: ir.StringValue,
) -> ir.StringValue:
    """20 hex digits that name an issue; never NULL.

    Args:
        site_key: The site's secret, as a column: it must not stand in the text of a query.
        source: Name of the source.
        source_key: What ``record_key`` gives.
        column: The column's name here; NULL for a reason that concerns the whole row.
        rule: The rule's code.
    """
    digits = keyed_digest(site_key, "issue", source, source_key, column, rule)
    return ibis.literal(_FIRST) + digits.substr(0, FINGERPRINT_DIGITS - 1)


def record_fingerprint(
    site_key: ir.StringValue, source: ir.StringValue, source_key: ir.StringValue
) -> ir.StringValue:
    """20 hex digits that name a record, whatever is wrong with it."""
    return keyed_digest(site_key, "record", source, source_key)


def value_digest(site_key: ir.StringValue, value: ir.StringValue) -> ir.StringValue:
    """20 hex digits by which a value is recognised and not read; NULL is as empty text."""
    return keyed_digest(site_key, "value", value)


def record_key(rows: ir.Table) -> ir.StringValue:
    """The key of each row of ``staged.<source>`` or ``quarantine.<source>``; never NULL.

    A quarantined row without a key is known by its content: delivered again unchanged, it is the
    same record, and two equal rows are one.
    """
    if "record" not in rows.columns:
        return rows.source_key.fill_null("")
    result = rows.record.values().map(lambda text: text.fill_null(""))
    content = result.join(SEPARATOR).hexdigest("sha256")
    return ibis.coalesce(rows.source_key, ibis.literal(_ROW) + content, "")


def add_fingerprint(rows: ir.Table, source: str, key: str) -> ir.Table:
    """Add ``fingerprint`` to findings of one source.

    Args:
        rows: Columns ``record_key`` (see above), ``column`` and ``rule``, and any others.
        source: Name of the source.
        key: The site's secret.
    """
    keyed = with_site_key(rows, key)
    name = issue_fingerprint(
        keyed.site_key, ibis.literal(source), keyed.record_key, keyed["column"], keyed.rule
    )
    return keyed.mutate(fingerprint=name).drop("site_key")


def with_site_key(rows: ir.Table, key: str) -> ir.Table:
    """Add the column ``site_key``: as data, never in the text of a query that may be logged."""
    return rows.cross_join(ibis.memtable({"site_key": [key]}))


def keyed_digest(site_key: ir.StringValue, purpose: str, *parts: ir.StringValue) -> ir.StringValue:
    """The first digits of SHA-256 over the key, what it is for, and the parts."""
    text = site_key + SEPARATOR + purpose
    for part in parts:
        text = text + SEPARATOR + part.fill_null("")
    return text.hexdigest("sha256").substr(0, FINGERPRINT_DIGITS)
