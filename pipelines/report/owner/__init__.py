"""The quality report of a data owner: its content as plain values, its words, charts, bad rows.

Imports ``quality`` for the facts and ``repair_sheet`` for the sheet; nothing that reads a table.
"""
