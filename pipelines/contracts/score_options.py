"""Quality weights of a contract: the option ``quality_weights``."""

from collections.abc import Mapping
from typing import Any

from pipelines.contracts.faults import Faults
from pipelines.standards.scores import load_scoring

_WHERE = "customProperties.quality_weights"


def build_quality_weights(custom: Mapping[str, Any], faults: Faults) -> dict[str, float]:
    """Dimension number to weight, for the dimensions that the contract weighs differently."""
    written = custom.get("quality_weights", {})
    if not isinstance(written, Mapping):
        faults.add(_WHERE, written, "This is no table of weights.", 'Write {"03": 0.4, "05": 0}.')
        return {}
    dimensions = load_scoring().dimensions
    weights: dict[str, float] = {}
    for number, weight in written.items():
        faults.one_of(_WHERE, str(number), dimensions, "a dimension of GB/T 36344")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
            faults.add(_WHERE, weight, "A weight lies between 0 and 1.", "Write a number.")
        else:
            weights[str(number)] = float(weight)
    if not faults.found and not any(load_scoring().weights(weights).values()):
        faults.add(_WHERE, written, "Nothing is left that counts.", "Leave a weight above 0.")
    return weights
