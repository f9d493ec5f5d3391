"""File formats: each module turns one of them into ``chunk.Chunk``, every value as text.

Imports contracts and errors; knows no network and no database.
"""
