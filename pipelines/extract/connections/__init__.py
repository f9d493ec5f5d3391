"""Where deliveries come from: folders, databases, HTTP APIs; and the secrets to reach them.

Bytes and rows as they are there; what they mean is read by ``formats``.
"""
