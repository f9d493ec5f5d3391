"""Harsher worlds: markets of shops called like their neighbours, villages of one surname.

Imports the modules of the first world; ``build`` imports both.
"""
