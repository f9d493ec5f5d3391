"""Names of records, and of what they share, as numbers: what an index of millions is made of.

Hashes are DuckDB's or Spark's own, of 64 bits, so an index is good for one engine's version only.
"""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir


def node_of(table: ir.Table, source: str = "source", key: str = "source_key") -> ir.IntegerValue:
    """A record's name as a number."""
    return ibis.struct({"source": table[source], "key": table[key]}).hash()


def hash_of(values: Mapping[str, ir.Value]) -> ir.IntegerValue:
    """Of several values in their order; NULL where one of them is unknown."""
    known = ibis.and_(*(value.notnull() for value in values.values()))
    return ibis.ifelse(known, ibis.struct(dict(values)).hash(), ibis.null("int64"))


def block_key(name: str, values: Mapping[str, ir.Value]) -> ir.IntegerValue:
    """The hash of a block: of its kind, and of the values that records in it share."""
    return hash_of({"block": ibis.literal(name), **values})


def without_crowded(
    rows: ir.Table, crowded: ir.Table | None, name: str, columns: Sequence[str]
) -> ir.Table:
    """``rows`` less those in a block of this name that is known to be crowded.

    Args:
        rows: With the block's columns.
        crowded: ``key`` (``block_key``) of blocks that are too large although few of their records
            are here; None where all records are.
        name: Of the kind of block.
        columns: That its records share.
    """
    if crowded is None:
        return rows
    keyed = rows.mutate(__key=block_key(name, {c: rows[c] for c in columns}))
    return keyed.anti_join(crowded.select(__key="key"), "__key").drop("__key")
