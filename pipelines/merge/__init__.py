"""Survivorship: one golden record per entity, with the source record behind each value."""

from pipelines.merge.golden import Merged, merge

__all__ = ["Merged", "merge"]
