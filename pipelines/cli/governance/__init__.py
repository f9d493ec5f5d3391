"""Verbs about what the policy asks for around the libraries. May import flows."""
