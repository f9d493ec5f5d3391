"""Try a contract on a sample: what would be staged, without landing anything.

Nothing is written but scratch files, and no database is asked; whoever writes a contract needs
neither. Values are shown masked: by their element, and by their form where none says what they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from pipelines.batch import batch_date
from pipelines.clean.masking import mask_text
from pipelines.contracts.source import Source, SourceColumn
from pipelines.engines.duck import connect
from pipelines.engines.texts import parsed_texts
from pipelines.extract import Delivery, read_sample
from pipelines.extract.limits import limits_of
from pipelines.quality.profile import finding_profile
from pipelines.report.owner.bad_rows import column_masks
from pipelines.runtime.private_home import make_private
from pipelines.runtime.scratch import scratch_folder
from pipelines.settings import Settings
from pipelines.stage import (
    apply_conventions,
    columns_to_parse,
    parse_rows,
    rename_delivered,
    split_rows,
)

SHOWN = 10
_FREE = (None, "text")  # elements that say nothing about what a value may be


@dataclass(frozen=True)
class TriedColumn:
    """A mapped column: rows without a usable value, and rows per rule that they break."""

    column: SourceColumn
    missing: int
    findings: Mapping[str, int]


@dataclass(frozen=True)
class Trial:
    """What a sample would become; ``landed = staged + superseded + quarantined``.

    ``reasons`` counts quarantined rows by rule, ``row_findings`` findings about a row as a whole,
    and ``rows`` are the first staged ones, masked, by column.
    """

    landed: int
    staged: int
    superseded: int
    quarantined: int
    columns: Sequence[TriedColumn]
    reasons: Mapping[str, int]
    row_findings: Mapping[str, int]
    rows: Sequence[Mapping[str, str]]
    unmapped: Sequence[str]
    encoding: str
    remarks: Sequence[str]


def try_sample(settings: Settings, source: Source, sample: Path, batch: str) -> Trial:
    """Read, parse and judge a sample as the contract says.

    Args:
        settings: Memory, limits and the scratch folder.
        source: The contract; where its deliveries are does not matter.
        sample: A file as the department delivers it.
        batch: The batch that it would be; its date is the date of the data.

    Raises:
        UnreadableDelivery, MissingColumn: it cannot be read as the contract says.
    """
    make_private(settings.home)
    with scratch_folder(settings.scratch_dir, "trial") as scratch:
        delivery = read_sample(source, sample, batch, scratch, limits_of(settings))
        con = connect(settings)
        try:
            return _judged(con, delivery, source, batch, scratch)
        finally:
            con.disconnect()


def _judged(con: Backend, delivery: Delivery, source: Source, batch: str, scratch: Path) -> Trial:
    split = split_rows(_parsed(con, delivery, source, batch, scratch), source)
    staged = _kept(con, split.staged, scratch / "staged.parquet")
    quarantined = _kept(con, split.quarantined, scratch / "quarantined.parquet")
    profile = con.to_pyarrow(finding_profile(staged, quarantined, source)).to_pylist()
    first = staged.order_by("_file", "_line").limit(SHOWN)
    return Trial(
        landed=delivery.rows,
        staged=int(con.execute(staged.count())),
        superseded=int(con.execute(split.superseded.count())),
        quarantined=int(con.execute(quarantined.count())),
        columns=[_tried(column, profile) for column in source.columns],
        reasons=_counts(profile, "quarantine_reason", None),
        row_findings=_counts(profile, "finding", None),
        rows=_masked(con, first, source),
        unmapped=delivery.unmapped_columns,
        encoding=delivery.encoding,
        remarks=delivery.remarks,
    )


def _parsed(
    con: Backend, delivery: Delivery, source: Source, batch: str, scratch: Path
) -> ir.Table:
    as_of = batch_date(batch)
    raw = con.read_parquet([str(path) for path in delivery.parquet_paths], union_by_name=True)
    rows = apply_conventions(rename_delivered(raw, source), source)
    with parsed_texts(con, rows, columns_to_parse(source, rows), as_of) as texts:
        return _kept(con, parse_rows(rows, source, as_of, texts), scratch / "parsed.parquet")


def _kept(con: Backend, rows: ir.Table, file: Path) -> ir.Table:
    con.to_parquet(rows, file)
    return con.read_parquet(file)


def _tried(column: SourceColumn, profile: Sequence[Mapping[str, object]]) -> TriedColumn:
    missing = _counts(profile, "column_missing", column.name)
    return TriedColumn(column, sum(missing.values()), _counts(profile, "finding", column.name))


def _counts(
    profile: Sequence[Mapping[str, object]], measure: str, column: str | None
) -> dict[str, int]:
    """Rows by rule, of one measure and column."""
    return {
        str(row["rule"]): int(str(row["row_count"]))
        for row in profile
        if row["measure"] == measure and row["column_name"] == column
    }


def _masked(con: Backend, rows: ir.Table, source: Source) -> list[dict[str, str]]:
    names = list(dict.fromkeys(column.name for column in source.columns))
    texts = con.to_pyarrow(rows.select(**{n: rows[n].cast("string") for n in names})).to_pylist()
    masks, free = column_masks(source), {c.name for c in source.columns if c.element in _FREE}
    return [
        {
            name: ""
            if text is None
            else form_of(text)
            if name in free
            else mask_text(text, masks[name])
            for name, text in row.items()
        }
        for row in texts
    ]


def form_of(text: str) -> str:
    """The form of a text without what it says: digits, letters and other words by their kind.

    >>> form_of("A-12 张三")
    'x-99 字字'
    """
    return "".join(
        "9" if c.isdigit() else "x" if c.isascii() and c.isalpha() else "字" if c.isalpha() else c
        for c in text
    )
