"""``python -m pipelines.orchestrate run|up|down|airflow``: what the Makefile calls."""

import argparse
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from pipelines.runtime.interrupt import INTERRUPTED, importing

with importing():
    from pipelines.batch import CHINA
    from pipelines.orchestrate.commands import run_airflow, run_demo, start_service, stop_service
    from pipelines.runtime.faults import explain_error
    from pipelines.settings import load_settings


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipelines.orchestrate", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="build the demo city's libraries through Airflow")
    run.add_argument("--persons", type=int, default=20_000)
    run.add_argument("--seed", type=int, default=1)
    run.add_argument("--batch", help="today if not given")
    commands.add_parser("up", help="start Airflow with everything scheduled")
    commands.add_parser("down", help="stop Airflow and the embedded database")
    passed = commands.add_parser("airflow", help="run an Airflow command in this home's Airflow")
    passed.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args()


def main() -> int:
    """Do what was asked; a failure, whatever it is, is told in a sentence and gives exit code 3."""
    given = _arguments()
    home = Path(os.environ.get("BASELIB_HOME", ".baselib")).expanduser()
    # So that what was started is stopped when make is told to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        settings = load_settings()
        home = settings.home
        if given.command == "run":
            now = settings.today or datetime.now(CHINA).date()
            batch = given.batch or now.strftime("%Y%m%d")
            return run_demo(settings, given.persons, given.seed, batch)
        if given.command == "airflow":
            return run_airflow(settings, given.arguments)
        sys.stdout.write((start_service if given.command == "up" else stop_service)(settings))
    except Exception as failed:  # noqa: BLE001 - no traceback reaches a terminal
        told = explain_error(failed, f"make {given.command}", home)
        sys.stderr.write(f"baselib: {told}\n")
        return 3
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
