"""What goes first when more can run than there are cores: whatever others wait for."""

from collections.abc import Mapping

from pipelines.contracts.source import Source
from pipelines.libraries import load_libraries

# Above every source: building a library is the last step to something that people can read.
LIBRARY_PRIORITY: Mapping[str, object] = {"priority_weight": 100, "weight_rule": "absolute"}


def source_priority(source: Source) -> Mapping[str, object]:
    """One, and one more for each library that points to the one which the source feeds.

    Weights are added up along the DAG, so that what was begun is finished before the next begins.
    """
    others = (each for each in load_libraries().values() if each.name != source.library)
    pointing = sum(any(link.library == source.library for link in each.links) for each in others)
    return {"priority_weight": 1 + pointing, "weight_rule": "upstream"}
