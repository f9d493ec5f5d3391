"""Text that was read in a wrong encoding and saved again: found by evidence, repaired if exact.

Imports no parser, for the parsers stand on it.
"""

from pipelines.clean.mojibake.judge import (
    is_suspect,
    judge_suspects,
    judged,
    judged_before,
    without_values_of_mojibake,
)

__all__ = [
    "is_suspect",
    "judge_suspects",
    "judged",
    "judged_before",
    "without_values_of_mojibake",
]
