"""The data owner's verbs: repair sheets that come back, and disputes.

Imports ``shared`` and ``source``.
"""
