"""What downstream systems read: schemas ``base`` and ``share``, replaced by each publication.

Imports ``server``, ``engines`` and the declarations. Results of runs are in ``quality``.
"""
