"""Verbs about the installation: home, database, libraries, backup, state. May import flows."""
