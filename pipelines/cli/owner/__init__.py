"""Verbs about what data owners and readers send and get: mails, repair sheets, disputes."""
