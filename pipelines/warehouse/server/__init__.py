"""The PostgreSQL server: where it is, and the embedded one that is started when first needed.

Knows no table. Imports ``settings`` and ``errors``.
"""
