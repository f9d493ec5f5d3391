"""What a steward reads: question sheet, records side by side, waterfall, explanation of an entity.

Imports ``identity.scores`` and ``identity.review`` for the meaning of what it shows.
"""
