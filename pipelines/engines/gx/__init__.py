"""Great Expectations on DuckDB: a native data source and engine, and what runs the suites.

``execution_engine/`` and ``datasource/`` are laid out as Great Expectations lays out its own.
Import them, and it, only inside a task that checks something: that takes 6 to 8 seconds and 280 MB.
"""
