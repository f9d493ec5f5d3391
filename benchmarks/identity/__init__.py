"""Whose records are whose: a labelled population and enterprise benchmark, and a scoreboard.

Truth is made first, then what departments would have on file about it; the files go through the
project's own parsers, and every contestant is given the staged records and nothing else.
"""
