"""A source's report: its content, what changed since the last one, and the mails that carry it.

Imports the sources' other flows only for ``requirements``; verbs of sources import this room.
"""
