"""Data quality: measures, scores, drift, suites, issues, and comparisons between sources.

Pure: tables to tables, results to values. ``engines/gx`` runs the suites; writing results to
PostgreSQL belongs in ``warehouse``, and the report of a data owner in ``report``.
"""
