"""Find the patterns among the faults of a batch: by file, by who entered it, by wrong value."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import ibis.expr.types as ir

from pipelines.contracts.column_names import stored_name
from pipelines.contracts.source import Source
from pipelines.flows.shared.session import Session
from pipelines.report.owner.pattern_sheet import suggestion
from pipelines.report.owner.patterns import (
    MOST_GROUPS,
    GroupShare,
    Kind,
    Patterns,
    SharePattern,
    ValuePattern,
    WrongValue,
    common_values,
    group_columns,
    is_coded,
    shares_by,
)
from pipelines.report.titles import column_title
from pipelines.warehouse import BatchRecord


def find_patterns(
    session: Session, source: Source, record: BatchRecord, rows: ir.Table
) -> Patterns:
    """The patterns of one batch; ``rows`` as ``bad_rows`` makes them, not masked."""
    return Patterns(
        tuple(_shares(session, source, record, rows)), tuple(_values(session, source, rows))
    )


def _shares(
    session: Session, source: Source, record: BatchRecord, rows: ir.Table
) -> Iterator[SharePattern]:
    if not session.lake.has(f"raw.{source.name}", record.batch):
        return
    raw = session.lake.read(session.con, f"raw.{source.name}", record.batch)
    faulty = rows.filter(rows["other_source"].isnull(), rows["file"].notnull())
    for column, kind in _groups(source, record).items():
        text = raw["_file"] if kind == "file" else _delivered(raw, column)
        if text is None:
            continue
        places = raw.select(file=raw["_file"], line=raw["_line"], name=text)
        shares = shares_by(places, faulty, kind)
        found = session.con.to_pyarrow(shares).to_pylist()
        groups = tuple(GroupShare(**row) for row in found)
        if len(groups) > 1 and groups[0].faulty:  # of one alone there is nothing to compare
            yield SharePattern(kind, "" if kind == "file" else column, groups[:MOST_GROUPS])


def _groups(source: Source, record: BatchRecord) -> Mapping[str, Kind]:
    delivered = [*record.unmapped_columns, *(c.physical_name for c in source.columns)]
    files: Mapping[str, Kind] = {"_file": "file"} if source.server.kind == "file" else {}
    return {**files, **group_columns(source, delivered)}


def _delivered(raw: ir.Table, column: str) -> ir.StringValue | None:
    """The texts of a delivered column; a batch of an earlier version has it under its own name."""
    name = next((n for n in (stored_name(column), column) if n in raw.columns), None)
    return None if name is None else raw[name]


def _values(session: Session, source: Source, rows: ir.Table) -> Iterator[ValuePattern]:
    found: dict[str, list[WrongValue]] = defaultdict(list)
    codes = {column.name: column.element for column in source.columns if is_coded(column.element)}
    for row in session.con.to_pyarrow(common_values(rows, source)).to_pylist():
        element = codes.get(row["column"])
        meant = suggestion(row["shown"], element) if element else None
        value = WrongValue(row["shown"], row["rows"], row["is_form"], meant or "")
        found[row["column"]].append(value)
    for column, values in sorted(found.items(), key=lambda each: -each[1][0].rows):
        yield ValuePattern(column_title(source, column), tuple(values))
