"""``baselib doctor``: whether what baselib stands on is well, and what to do where it is not."""

import sys

import typer

from pipelines.cli.options import Home
from pipelines.flows.doctor import examine
from pipelines.settings import load_settings

FAULT = 3


def doctor(home: Home = None) -> None:
    """Check folders, disk, versions, database, clock, locks, catalogue and lake; change nothing."""
    findings = examine(load_settings(home=home))
    for each in findings:
        mark = "ok   " if each.is_well else "FAULT"
        remedy = f" {each.remedy}" if each.remedy else ""
        sys.stdout.write(f"{mark} {each.what:<10} {each.state}{remedy}\n")
    faults = sum(not each.is_well for each in findings)
    sys.stdout.write(f"{faults} fault(s).\n" if faults else "All is well.\n")
    raise typer.Exit(FAULT if faults else 0)
