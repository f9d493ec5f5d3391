"""The service over HTTP: one module per group of endpoints, ``app`` puts them together.

Logs in as ``serve_login``, becomes the role of one grant per request, and notes each request in the
audit log in the transaction that reads: if it cannot be noted, it is not answered.
"""
