"""What a verb answered, as gauges for the site's monitoring: counts and scores, by subject.

Names are ``<verb>.<fact>``, so that a board shows rows, quarantined rows or scores of all sources
beside each other. Batches and runs are no part of it: each would be a time series of its own.
"""

from collections.abc import Mapping

_IDS = ("snapshot_id",)


def gauges_of(verb: str, answer: Mapping[str, object]) -> dict[str, float]:
    """Gauge to its value.

    >>> gauges_of("stage", {"source": "a__b", "rows": 3, "changed": True, "score": None})
    {'baselib.stage.rows': 3}
    """
    return {
        f"baselib.{verb}.{name}": value
        for name, value in answer.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and name not in _IDS
    }
