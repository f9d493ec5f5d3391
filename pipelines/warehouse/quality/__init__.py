"""What runs report: schemas ``quality`` and ``audit``, written and read by these functions only.

Imports ``server`` and pure modules whose results are stored here.
"""
