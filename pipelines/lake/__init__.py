"""The lake: Iceberg tables whose files an engine wrote and PyIceberg commits."""
