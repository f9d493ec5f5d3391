"""Split parsed rows into staged, quarantined and superseded ones, so that the counts add up.

Of several rows with one key the newest is staged. A row that took the place of rows about somebody
else gets the finding ``KEY_SHARED``: the key of the source is not unique.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.clean.parsing.findings import FINDING_TYPE
from pipelines.contracts.source import Source
from pipelines.libraries import load_library
from pipelines.standards.rules import severities

SHARED = "KEY_SHARED"
_PLACES = 5  # of the other rows that a finding names; who looks them up sees the rest


@dataclass(frozen=True)
class Split:
    """The three destinies of a delivered row; every row has exactly one."""

    staged: ir.Table
    quarantined: ir.Table
    superseded: ir.Table


def split_rows(parsed: ir.Table, source: Source) -> Split:
    """Decide each row's destiny.

    Args:
        parsed: What ``parse_rows`` made; should be materialised, it is read three times.
        source: The contract; its ``changed_at`` column says which version of a record is newer.

    Returns:
        Staged rows without the working columns, one per ``source_key``; quarantined rows with
        reasons, findings and the row as delivered; the older versions that were superseded. Of two
        versions without a change time, the one delivered later stands. A row that stands in place
        of rows about somebody else has the finding ``KEY_SHARED``, with their places.
    """
    usable = parsed.filter(parsed.reject_reasons.length() == 0).drop("reject_reasons", "record")
    ranked = _ranked(usable, source)
    rejected = parsed.filter(parsed.reject_reasons.length() > 0)
    current = ranked.filter(ranked["_version_rank"] == 0).drop("_version_rank")
    return Split(
        staged=_with_findings(current, _displaced(usable, source)),
        superseded=ranked.filter(ranked["_version_rank"] > 0).select("_batch", "_file", "_line"),
        quarantined=rejected.select(
            "_batch",
            "_file",
            "_line",
            "source_key",
            "findings",
            "record",
            reasons=rejected.reject_reasons,
        ),
    )


def _ranked(rows: ir.Table, source: Source) -> ir.Table:
    """``_version_rank``: 0 for the current version of each key."""
    order = [rows["_file"].desc(), rows["_line"].desc()]
    if source.changed_at:
        order = [rows[source.changed_at].desc(nulls_first=False), *order]
    version = ibis.row_number().over(group_by=rows.source_key, order_by=order)
    return rows.mutate(_version_rank=version)


def _displaced(usable: ir.Table, source: Source) -> ir.Table:
    """``source_key, _places``: superseded rows that were about somebody else, by key.

    Only the few rows whose key is there more than once are looked at.
    """
    facts = _facts(source)
    counted = usable.group_by("source_key").agg(_rows=usable.count())
    several = counted.filter(counted["_rows"] > 1)
    times = [source.changed_at] if source.changed_at else []
    wanted = list(dict.fromkeys(["source_key", "_file", "_line", *facts, *times]))
    few = _ranked(usable.select(wanted).semi_join(several, "source_key"), source)
    newest, older = few.filter(few["_version_rank"] == 0), few.filter(few["_version_rank"] > 0)
    pairs = older.inner_join(newest, "source_key", rname="_its_{name}")
    about_another = pairs.filter(_is_about_another(pairs, facts, source.changed_at))
    place = ibis.struct({"file": about_another["_file"], "line": about_another["_line"]})
    return (
        about_another.select("source_key", _place=place)
        .group_by("source_key")
        .agg(_places=lambda t: t["_place"].collect())
        .mutate(_places=lambda t: _as_text(t["_places"].sort()[:_PLACES]))
    )


def _facts(source: Source) -> list[str]:
    """The columns that say whom a record is about, other than the key, which all rows share."""
    keys = {column.physical_name for column in source.key_columns}
    about = load_library(source.library).identity.about
    return [
        column.name
        for column in source.columns
        if column.name in about and column.physical_name not in keys
    ]


def _is_about_another(
    pairs: ir.Table, facts: Sequence[str], changed_at: str | None
) -> ir.BooleanValue:
    """Whether two rows agree in nothing that says whom they are about.

    Of the same person at two times, a name or a number may have changed: not both.
    """
    if not facts:
        return ibis.literal(False)
    both = [pairs[name].notnull() & pairs[f"_its_{name}"].notnull() for name in facts]
    same = [(pairs[name] == pairs[f"_its_{name}"]).fill_null(False) for name in facts]
    comparable = sum((each.cast("int64") for each in both), ibis.literal(0))
    needed: ir.Value = ibis.literal(1)
    if changed_at:
        later = (pairs[changed_at] != pairs[f"_its_{changed_at}"]).fill_null(False)
        needed = ibis.ifelse(later, 2, 1)
    return ~ibis.or_(*same) & (comparable >= needed)


def _as_text(places: ir.ArrayValue) -> ir.StringValue:
    return places.map(lambda each: each["file"] + ":" + each["line"].cast("string")).join(", ")


def _with_findings(current: ir.Table, displaced: ir.Table) -> ir.Table:
    """The finding is about the row as a whole: nobody can tell which of its values is wrong."""
    joined = current.left_join(displaced, "source_key", rname="_its_{name}")
    finding = ibis.struct(
        {
            "column": ibis.null("string"),
            "rule": ibis.literal(SHARED),
            "severity": ibis.literal(severities()[SHARED]),
            "value": joined["_places"],
        }
    ).cast(FINDING_TYPE)
    with_shared_key = joined.findings.concat(ibis.array([finding]))
    findings = ibis.ifelse(joined["_places"].notnull(), with_shared_key, joined.findings)
    return joined.mutate(findings=findings).select(current.columns)
