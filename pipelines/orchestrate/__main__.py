"""``python -m pipelines.orchestrate run|up|down|airflow``: what the Makefile calls."""

import argparse
import signal
import sys

from pipelines.runtime.interrupt import INTERRUPTED, importing

with importing():
    from pipelines.errors import BaselibError
    from pipelines.orchestrate.commands import run_airflow, run_demo, start_service, stop_service
    from pipelines.settings import load_settings


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipelines.orchestrate", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="build the demo city's libraries through Airflow")
    run.add_argument("--persons", type=int, default=20_000)
    run.add_argument("--seed", type=int, default=1)
    run.add_argument("--batch", default="20260630")
    commands.add_parser("up", help="start Airflow with everything scheduled")
    commands.add_parser("down", help="stop Airflow and the embedded database")
    passed = commands.add_parser("airflow", help="run an Airflow command in this home's Airflow")
    passed.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args()


def main() -> int:
    """Do what was asked; a failure is said in words and gives exit code 3."""
    given = _arguments()
    # So that what was started is stopped when make is told to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        settings = load_settings()
        if given.command == "run":
            return run_demo(settings, given.persons, given.seed, given.batch)
        if given.command == "airflow":
            return run_airflow(settings, given.arguments)
        sys.stdout.write((start_service if given.command == "up" else stop_service)(settings))
    except BaselibError as failed:
        sys.stderr.write(f"baselib: {failed}\n")
        return 3
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
