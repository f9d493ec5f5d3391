"""The verbs of a library: resolve, merge, check, publish, compare, export; and its id changes.

Imports ``shared`` and, where a library's result goes into a source's, ``source`` and ``owner``.
"""
