"""Rows of ``raw.<source>`` with the delivered columns under names that no other column can have.

Staging puts parsed columns, companions and working columns beside the delivered texts; a department
may have called a column by the name of any of them. So a delivered column is renamed, here and
nowhere else, before anything is put beside it.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.contracts.column_names import stored_name
from pipelines.contracts.source import Source, SourceColumn
from pipelines.errors import MissingColumn

PREFIX = "_delivered_"
ADDED = ("_batch", "_file", "_line", "_defect", "_text")  # columns of raw that are not delivered


def rename_delivered(raw: ir.Table, source: Source) -> ir.Table:
    """Rename the delivered columns of one batch of ``raw.<source>``.

    Args:
        raw: The batch as the lake has it.
        source: The contract.

    Returns:
        ``raw`` with ``_delivered_<stored name>`` for every delivered column; its own five columns
        keep their names.

    Raises:
        MissingColumn: the batch was landed when the contract did not map one of its columns yet.
    """
    texts = {PREFIX + name: raw[name] for name in raw.columns if name not in ADDED}
    for column in source.columns:
        wanted, old = delivered_name(column), PREFIX + column.physical_name
        if old != wanted and old in texts:  # landed before names were made safe
            texts = _renamed(texts, old, wanted)
        if wanted not in texts:
            names = [name.removeprefix(PREFIX) for name in texts]
            raise MissingColumn(source.name, "raw", [column.physical_name], names)
    return raw.select(**texts, **{name: raw[name] for name in ADDED})


def delivered_name(column: SourceColumn) -> str:
    """Name of a mapped column's text in what ``rename_delivered`` returns."""
    return PREFIX + stored_name(column.physical_name)


def delivered_columns(rows: ir.Table) -> Sequence[str]:
    """The delivered columns of what ``rename_delivered`` returned, mapped or not."""
    return [name for name in rows.columns if name.startswith(PREFIX)]


def _renamed(texts: dict[str, ir.Value], old: str, wanted: str) -> dict[str, ir.Value]:
    """``old`` under its new name and in its old place; a batch has either of the two filled."""
    text = ibis.coalesce(texts[wanted], texts[old]) if wanted in texts else texts[old]
    kept = {name: value for name, value in texts.items() if name != wanted}
    return {wanted if name == old else name: text if name == old else v for name, v in kept.items()}
