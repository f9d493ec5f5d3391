"""Record linkage: which records of a library are one entity, by which evidence, under which id.

``resolve`` runs the steps: ``tables`` (what is compared), ``rules`` (deterministic matching),
``scores`` (probabilistic matching), ``clusters`` (must-link, cannot-link), ``ids`` (stable entity
ids and their events). ``review`` is what stewards decide. Pure: tables in, tables out. Imports
``compare``, ``records``, ``keyed_digests`` and declarations; never ``quality``, a flow, the edge.
"""

from pipelines.identity.resolve import Resolved, resolve

__all__ = ["Resolved", "resolve"]
