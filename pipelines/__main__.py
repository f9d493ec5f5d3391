"""``python -m pipelines`` is the ``baselib`` command."""

from pipelines.starting import importing

with importing():
    from pipelines.cli import main

main()
