"""First module of the process that Airflow's tasks are forked from; see ``environment.py``.

That process has no main file. PySpark 4.3, which Great Expectations imports where it is installed,
takes a process without one for a run of its doctests, misses a test library and ends it, saying
nothing. So give it one.
"""

import sys

_main = sys.modules["__main__"]
if not hasattr(_main, "__file__"):
    _main.__file__ = __file__
