"""Policy on facts: what is measured of a batch, which suites apply, and what their results mean.

Pure: tables to tables, results to values. ``engines/gx`` runs the suites; writing results to
PostgreSQL belongs in ``warehouse``, and the report of a data owner in ``report``.
"""
