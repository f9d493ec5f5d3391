"""Delimited text: cut into records by line ends and quotation marks, split into fields by Arrow.

Imports chunks, columns, encodings and the rules for header rows; no other form imports its reader.
"""
