"""Verbs over all sources' mail: digest, deliver, tidy, and the leaders' summary.

Imports ``shared`` and ``source``.
"""
