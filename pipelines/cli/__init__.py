"""The command line: parse, call a flow, print. Nothing is decided here."""

from pipelines.cli.main import main

__all__ = ["main"]
