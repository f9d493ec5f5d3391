"""Mutation testing: which small changes to the code would the nearest tests not notice?

``python -m benchmarks.mutation``; docs/testing.md has method and figures. Our own and not mutmut or
cosmic-ray, which start a process for every change: what the code stands on takes longer to import
than most tests to run, so here it is imported once, and every change is tried in a fork.
"""
