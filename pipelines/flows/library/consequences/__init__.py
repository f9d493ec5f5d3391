"""What a run would change for those who read: ids, readers, budgets, and who lets it pass.

Imports ``flows.shared`` and the warehouse; ``build`` and the command line import this room.
"""
