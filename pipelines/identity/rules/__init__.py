"""Deterministic matching: groups by strong identifier, matching rules, what ambiguous ones lose.

Here: which pairs a declared rule joins or forbids. Not here: probabilities (``scores``) and what a
cluster becomes of many pairs (``clusters``). Imports ``tables`` and ``compare``.
"""
