"""From accepted pairs to clusters: must-link, cannot-link, and the weakest link that is cut.

Imports ``rules``, ``scores`` and ``tables``.
"""
