"""``python -m pipelines`` is the ``baselib`` command."""

from pipelines.runtime.interrupt import importing

with importing():
    from pipelines.cli import main

main()
