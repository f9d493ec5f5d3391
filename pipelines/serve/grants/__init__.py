"""Grants: who may read what, for what purpose, until when.

A reviewed file ``grants/<consumer>__<purpose>.yml`` is checked (``read``), compiled to SQL
(``views``) and applied to the database (``apply``).
"""
