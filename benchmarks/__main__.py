"""``python -m benchmarks --scale 1000000``: baselib, the floor and the plain stack, in turn."""

import argparse
import os
from pathlib import Path

from benchmarks.alone import make_city, measure
from benchmarks.machine import this_machine
from benchmarks.result import Result, as_markdown, seconds_at, write_result

OUT = Path(__file__).with_name("out")
# The settings that a benchmark may be given.
_SIZING = {"BASELIB_MEMORY_LIMIT", "BASELIB_THREADS", "BASELIB_JOBS"}


def main() -> None:
    """Measure, print the tables, keep the numbers."""
    options = _options()
    _forget_settings()
    result = compare(options.scale, options.plain_persons, options.home.resolve())
    file = write_result(result, OUT)
    print(f"{as_markdown(result)}\n\nKept in {file}.")


def compare(persons: int, plain_persons: int, home: Path) -> Result:
    """Run all three, one after another."""
    sizes = sorted({plain_persons // 4, plain_persons}) if plain_persons < persons else [persons]
    for size in {*sizes, persons}:
        make_city(home / str(size), size)
    machine = this_machine()
    ours, floor = (measure(what, home / str(persons)) for what in ("ours", "floor"))
    plain = {size: measure("plain", home / str(size)) for size in sizes}
    return Result(persons, machine, ours, floor, plain, seconds_at(OUT, persons // 10))


def _forget_settings() -> None:
    """No database, sources or mail server but the benchmark's own."""
    for name in [name for name in os.environ if name.startswith("BASELIB_")]:
        if name not in _SIZING:
            del os.environ[name]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=int, default=1_000_000, help="persons of the city")
    parser.add_argument(
        "--plain-persons",
        type=int,
        default=20_000,
        help="persons of the city that the plain stack is measured with, if the scale is larger",
    )
    parser.add_argument(
        "--home", type=Path, default=OUT / "home", help="folder for cities, lakes and databases"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
