"""Run one contestant in a process of its own: memory that others left would count as its own.

A command, not ``multiprocessing``: in the children of that the main module has no file, which
PySpark, imported by GX where it is installed, takes for its own doctests and ends the process.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.cost import Measured, StageCost


def make_city(home: Path, persons: int) -> None:
    """``benchmarks.city.make_city``, alone."""
    _call("city.make_city", home, str(persons))


def measure(what: str, home: Path) -> Measured:
    """``benchmarks.<what>.run_<what>``, alone."""
    found = _call(f"{what}.run_{what}", home)
    stages = {name: StageCost(**cost) for name, cost in found["stages"].items()}
    whole = found["whole"] and StageCost(**found["whole"])
    return Measured(stages, found["records"], found["entities"], whole)


def _call(function: str, home: Path, *given: str) -> dict[str, Any]:
    print(f"… {function}, {home.name} persons", file=sys.stderr)
    with TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-m", __name__, function, str(home), str(answer), *given]
        subprocess.run(command, check=True)
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return found


def _answer(function: str, home: str, answer: str, *given: str) -> None:
    module, _, name = function.partition(".")
    found = getattr(import_module(f"benchmarks.{module}"), name)(Path(home), *map(int, given))
    text = json.dumps(asdict(found) if isinstance(found, Measured) else {})
    Path(answer).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _answer(*sys.argv[1:])
