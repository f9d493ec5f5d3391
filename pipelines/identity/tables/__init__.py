"""Tables that every step of a resolution reads: comparison keys, name features, temporary tables.

The lowest room of ``identity``: imports ``compare`` and ``records``, no other room.
"""
