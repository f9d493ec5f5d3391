"""What parsers are made of: steps, plain forms, findings as arrays, and the registry by name.

Imports none of the parsers: the registry loads one by the name that a data element gives.
"""
