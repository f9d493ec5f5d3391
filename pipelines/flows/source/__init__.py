"""The verbs of a source: land, stage, check, score, track, report.

Imports ``shared``; nothing of a library's verbs.
"""
