"""Tables of issues over time: what is open, new, answered and late, and each owner's months.

Imports ``warehouse.quality.tables`` and ``server``; nothing of the other tables of ``quality``.
"""
