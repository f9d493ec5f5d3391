"""Fluent data sources for Great Expectations."""
