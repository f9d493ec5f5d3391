"""What people decide, correct and doubt: tables that are added to and never overwritten.

Imports ``server`` and ``quality``.
"""
