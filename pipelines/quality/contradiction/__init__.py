"""Consistency rules across libraries: contradictions that cannot hold of one city at one time."""

from pipelines.quality.contradiction.rules import (
    CONTRADICTIONS,
    Contradiction,
    contradictions_of,
    find_contradictions,
    other_masks,
)
from pipelines.quality.contradiction.world import Published, World, records_of_entities

__all__ = [
    "CONTRADICTIONS",
    "Contradiction",
    "Published",
    "World",
    "contradictions_of",
    "find_contradictions",
    "other_masks",
    "records_of_entities",
]
