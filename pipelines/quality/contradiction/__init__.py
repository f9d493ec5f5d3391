"""Contradictions between libraries: what cannot be true of one city at one time."""

from pipelines.quality.contradiction.rules import (
    CONTRADICTIONS,
    Contradiction,
    contradictions_of,
    find_contradictions,
    other_masks,
)
from pipelines.quality.contradiction.world import Published, World, tell

__all__ = [
    "CONTRADICTIONS",
    "Contradiction",
    "Published",
    "World",
    "contradictions_of",
    "find_contradictions",
    "other_masks",
    "tell",
]
