"""Consistency rules across libraries: contradictions that cannot hold of one city at one time."""

from pipelines.quality.contradiction.functions import record_columns, refuse_unknown_functions
from pipelines.quality.contradiction.rules import (
    contradictions_of,
    declared_contradictions,
    find_contradictions,
    other_masks,
)
from pipelines.quality.contradiction.world import Published, World, records_of_entities

__all__ = [
    "Published",
    "World",
    "contradictions_of",
    "declared_contradictions",
    "find_contradictions",
    "other_masks",
    "record_columns",
    "records_of_entities",
    "refuse_unknown_functions",
]
