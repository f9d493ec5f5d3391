"""``python -m benchmarks.identity --scale 100000``: who finds the most, and at what cost.

Prints the tables of README.md and keeps them in ``benchmarks/out/identity/``.
"""

import argparse
from pathlib import Path

from benchmarks.identity.contest import CONTESTANTS
from benchmarks.identity.report import as_markdown, write
from benchmarks.identity.scoreboard import board
from benchmarks.identity.timed import scale_run
from benchmarks.identity.world.build import LIBRARIES, WORLDS
from benchmarks.machine import this_machine

OUT = Path(__file__).parent.parent / "out" / "identity"


def main() -> None:
    given = _arguments()
    home = given.home.resolve() / str(given.scale)
    machine = this_machine()
    if given.timed:
        print(scale_run(given.scale, given.seed, given.home.resolve(), machine))
        return
    boards = [
        board(library, given.scale, given.seed, given.contestants, home, world)
        for world in given.worlds
        for library in given.libraries
        if library in WORLDS[world]
    ]
    write(boards, machine, given.scale, given.seed, given.home.resolve())
    print(as_markdown(boards, machine, given.scale, given.seed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity", description=__doc__)
    parser.add_argument("--scale", type=int, default=100_000, help="person records, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, default=OUT, help="where worlds and answers are kept")
    parser.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=list(LIBRARIES))
    parser.add_argument("--worlds", nargs="+", choices=[*WORLDS], default=["city"])
    parser.add_argument("--contestants", nargs="+", choices=[*CONTESTANTS], default=[*CONTESTANTS])
    parser.add_argument(
        "--timed", action="store_true",
        help="only time this project and Splink, with SCALE and a tenth of it",
    )  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    main()
