"""The stack as a service: its processes, who keeps them running, and whether they are healthy.

Imports ``client`` and ``environment`` of ``orchestrate``; the verbs import this room.
"""
