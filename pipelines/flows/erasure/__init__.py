"""Verbs that take data away for good: erase one entity, and drop what is kept long enough.

Both rewrite tables of the lake, forget what these were, and note where a replay begins after it.
"""
