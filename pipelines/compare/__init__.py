"""Comparisons of two values: equal, similar, contradicting; of records, sources and libraries.

Column expressions on values that are clean already. Imports ``clean`` and the declarations.
"""
