"""Entity ids that last: minted once, kept across runs; merges, splits and redirects are events.

Imports ``tables`` only; nothing here knows why records are one cluster.
"""
