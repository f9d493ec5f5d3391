"""Regions: codes against their timeline, and names of regions at the head of a text."""
