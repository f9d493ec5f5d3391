"""The steward's verbs: queue, decide, sheets out and in, explain, accuracy.

Imports ``shared`` and ``library``.
"""
