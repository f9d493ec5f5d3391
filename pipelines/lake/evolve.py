"""How a table's columns follow what is written to it."""

from collections.abc import Sequence

import ibis
import pyarrow as pa
from pyiceberg.exceptions import ResolveError, ValidationError
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Transaction

from pipelines.errors import ColumnTypeChanged


def add_columns(transaction: Transaction, table: str, written: pa.Schema) -> None:
    """Add the columns that are new and widen those that are wider now; lose none.

    Raises:
        ColumnTypeChanged: a column cannot hold both what it held and what is written.
    """
    try:
        with transaction.update_schema() as update:
            update.union_by_name(written)
    except (ResolveError, ValidationError, ValueError) as conflict:
        raise ColumnTypeChanged(table, f"{conflict}.") from None


def set_columns(transaction: Transaction, table: str, written: pa.Schema) -> None:
    """Make the columns those that are written: all files of the table are being replaced."""
    schema = transaction.table_metadata.schema()
    old = ibis.Schema.from_pyarrow(schema_to_pyarrow(schema, include_field_ids=False))
    new = ibis.Schema.from_pyarrow(written)
    gone = [name for name in old if name not in new or str(new[name]) != str(old[name])]
    with transaction.update_schema(allow_incompatible_changes=True) as update:
        for name in gone:
            update.delete_column((name,))
    add_columns(transaction, table, written)


def common_schema(written: Sequence[pa.Schema]) -> pa.Schema:
    """The columns of several files, by name, each as wide as the widest, and all nullable.

    Whether an engine marks a column as required depends on the query that made it; a table must
    not refuse the next batch for that.
    """
    together = pa.unify_schemas(list(written), promote_options="permissive")
    return pa.schema([_nullable(field.remove_metadata()) for field in together])


def _nullable(field: pa.Field) -> pa.Field:
    kind = field.type
    if pa.types.is_struct(kind):
        kind = pa.struct([_nullable(inner) for inner in kind])
    elif pa.types.is_list(kind):
        kind = pa.list_(_nullable(kind.value_field))
    elif pa.types.is_map(kind):
        kind = pa.map_(kind.key_field, _nullable(kind.item_field))
    return pa.field(field.name, kind, nullable=True)
