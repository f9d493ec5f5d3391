"""The plain stack: what a capable team writes in a week with the usual libraries.

pandas reads the same files and cleans value by value, Great Expectations runs on pandas, Splink
links with its own comparisons and training recipe, ``groupby().first()`` merges, ``to_sql`` loads.
"""

from benchmarks.plain.run import run_plain

__all__ = ["run_plain"]
