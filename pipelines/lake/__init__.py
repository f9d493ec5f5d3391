"""The lake: Iceberg tables whose files an engine wrote and PyIceberg commits."""

from pipelines.lake.lake import Commit, Lake, open_lake

__all__ = ["Commit", "Lake", "open_lake"]
