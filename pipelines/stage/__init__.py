"""Stage a batch: typed elements and findings for every row, the unusable ones set aside."""

from pipelines.stage.conventions import apply_conventions
from pipelines.stage.delivered import delivered_name, rename_delivered
from pipelines.stage.overlay import (
    applicable,
    columns_to_parse,
    keys_to_parse,
    match_ledger,
    overlay,
)
from pipelines.stage.rows import parse_rows
from pipelines.stage.split import Split, split_rows

__all__ = [
    "Split",
    "applicable",
    "apply_conventions",
    "columns_to_parse",
    "delivered_name",
    "keys_to_parse",
    "match_ledger",
    "overlay",
    "parse_rows",
    "rename_delivered",
    "split_rows",
]
