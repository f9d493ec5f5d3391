"""Which records are the same entity: rules, evidence against, ids that last, and why."""

from pipelines.merge.links import link_entities
from pipelines.records import current_records, library_records
from pipelines.resolve.conclusion import Resolved
from pipelines.resolve.resolve import resolve

__all__ = ["Resolved", "current_records", "library_records", "link_entities", "resolve"]
