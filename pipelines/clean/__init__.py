"""Parsers: column of text in, clean value and findings out. Pure, set-based, engine-neutral."""
