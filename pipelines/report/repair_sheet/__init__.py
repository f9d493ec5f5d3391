"""The sheet that a data owner repairs in: its columns, its lines, as workbook and as CSV.

Imports contracts and standards, and the words of ``report``; the mail around it is in ``owner``.
"""
