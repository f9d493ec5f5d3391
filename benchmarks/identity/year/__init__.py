"""A year of a population library: what becomes of entity ids while people and files change."""
