"""Append-only ledgers of what people decide, correct and dispute.

Imports ``server`` and ``quality``.
"""
