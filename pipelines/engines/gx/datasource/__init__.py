"""Data sources for Great Expectations."""
