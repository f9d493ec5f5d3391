"""What consumers reach: grants, the service over HTTP, the audit log.

Rooms: ``grants`` (reviewed files, compiled to views and roles), ``audit`` (the sealed log),
``api`` (the service). Imports what ``flows`` imports; the command line starts it.
"""
