"""Probabilistic matching: blocking rules, comparison levels, match weights, model, training.

Here: how likely it is that two records are one entity. Not here: what follows from it
(``clusters``). Imports ``rules``, ``tables``, ``compare``; models are reviewed JSON in ``models``.
"""
