"""Clerical review: questions to stewards, their decisions as a ledger, and how right a run is.

Schemas, checks and statistics; the workbook is in ``report.steward``, the verbs are in
``flows.steward``. Imports no other room of ``identity``.
"""
