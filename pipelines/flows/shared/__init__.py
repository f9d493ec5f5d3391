"""What verbs share: the session of a run, its inputs, the identity ledger, errors, results.

Imports no other room of ``flows``.
"""
