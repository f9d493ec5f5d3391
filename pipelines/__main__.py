"""``python -m pipelines`` is the ``baselib`` command."""

from pipelines.cli import main

main()
