"""Whether two deliveries say the same: as sets of rows, whatever their order and their files."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from pipelines.contracts.source import Source
from pipelines.extract import Delivery
from pipelines.flows.shared.session import Session
from pipelines.flows.source.own_rows import LINE_ORDER
from pipelines.warehouse import BatchRecord

_UNIT, _NOTHING = "\x1f", "\x1f-"


def has_same_content(
    session: Session, source: Source, delivery: Delivery, root: BatchRecord
) -> bool:
    """Whether a delivery has the rows of a landed batch, each as often as it is there.

    Where a key is there more than once their order counts, too: it says which version stands.
    """
    if not _is_alike(session, source, delivery, root):
        return False
    ours = session.con.read_parquet([str(path) for path in delivery.parquet_paths])
    theirs = session.lake.read(session.con, f"raw.{source.name}", root.batch)
    columns = sorted({*ours.columns, *theirs.columns} - {"_batch", *LINE_ORDER})
    digests = [
        _content(session, rows, columns, ordered=bool(root.superseded)) for rows in (ours, theirs)
    ]
    return digests[0] == digests[1]


def _is_alike(session: Session, source: Source, delivery: Delivery, root: BatchRecord) -> bool:
    """What can be compared without reading rows: their number, columns, remarks, watermark."""
    before = session.lake.properties(f"raw.{source.name}", root.batch)
    return (
        delivery.rows == root.landed
        and str(delivery.defective) == before["defective"]
        and (delivery.watermark or "") == before["watermark"]
        and sorted(delivery.unmapped_columns) == sorted(root.unmapped_columns)
        and _without_names(delivery.remarks, delivery.files)
        == _without_names(root.remarks, root.files)
    )


def _without_names(remarks: Sequence[str], files: Sequence[str]) -> list[str]:
    """Remarks with numbers in place of file names, of which some have the batch in them."""
    for number, file in enumerate(sorted(files)):
        remarks = [each.replace(file, f"[{number}]") for each in remarks]
    return sorted(remarks)


def _content(
    session: Session, rows: ir.Table, columns: Sequence[str], *, ordered: bool
) -> Mapping[str, object]:
    """Number of rows, and two sums over parts of a digest of each: the same in any order."""
    parts = [_cell(rows, name) for name in columns]
    if ordered:
        place = ibis.row_number().over(order_by=[rows[name] for name in LINE_ORDER])
        parts.append(place.cast("string"))
    digests = rows.select(digest=ibis.literal(f"{_UNIT}|").join(parts).hexdigest("md5"))
    halves = {f"half_{n}": _number(digests.digest.substr(n * 15, 15)).sum() for n in (0, 1)}
    counted = session.con.to_pyarrow(digests.agg(rows=digests.count(), **halves)).to_pylist()
    return dict(counted[0])


def _cell(rows: ir.Table, column: str) -> ir.StringValue:
    """A cell so that no two rows are written alike: separators doubled, none told from empty."""
    if column not in rows.columns:
        return ibis.literal(_NOTHING)
    return rows[column].replace(_UNIT, _UNIT * 2).fill_null(_NOTHING)


def _number(hexadecimal: ir.StringValue) -> ir.DecimalValue:
    """Fifteen hexadecimal digits as a number whose sum over all rows is exact."""
    return (ibis.literal("0x") + hexadecimal).cast("int64").cast("decimal(38, 0)")
