"""Sheets: workbooks and tables of any kind as rows of cells, and rows as records.

Each module but ``rows`` and ``books`` reads one form, as a stream of ``rows.Row``.
"""
