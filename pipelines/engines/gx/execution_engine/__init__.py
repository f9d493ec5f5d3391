"""Execution engines for Great Expectations."""
