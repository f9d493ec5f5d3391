"""Run a contestant in a process of its own, and measure what it costs.

A contestant is given a folder with ``records.parquet`` and writes ``answer.parquet`` (and, if it
has them, ``question.parquet`` and ``scored.parquet``) into its own. Seconds are those of its work,
without the start of Python and the imports; processor seconds and peak memory include its children.
"""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import psutil

from benchmarks.identity.peers import peer_python
from benchmarks.memory import watched

CONTESTANTS = {
    "baselib": "ours",
    "exact id": "exact_id",
    "plain SQL": "plain_sql",
    "Splink 5, its defaults": "splink_defaults",
    "GoldenMatch, as documented": "goldenmatch_documented",
}
_PEER_SCRIPT = Path(__file__).with_name("peers") / "goldenmatch_documented.py"


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, seconds of processors, and the most memory of all its processes."""

    seconds: float
    cpu_seconds: float
    peak_mib: int


def contend(contestant: str, folder: Path, library: str, home: Path) -> tuple[Path, Cost]:
    """Let a contestant answer; returns where, and what it cost.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    module = CONTESTANTS[contestant]
    out = folder / module
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    if module == _PEER_SCRIPT.stem:
        command = [str(peer_python(home)), str(_PEER_SCRIPT)]
    else:
        command = [sys.executable, "-m", __name__, module]
    with (out / "log.txt").open("w", encoding="utf-8") as log:
        given = [*command, str(folder), library, str(out)]
        process = subprocess.Popen(given, stdout=log, stderr=subprocess.STDOUT)
        with watched(process.pid) as peak:
            process.wait()
    if process.returncode:
        raise subprocess.CalledProcessError(
            process.returncode, given, (out / "log.txt").read_text()
        )
    result = json.loads((out / "cost.json").read_text(encoding="utf-8"))
    return out, Cost(result["seconds"], result["cpu_seconds"], peak.mib)


def _answer(module: str, folder: str, library: str, out: str) -> None:
    run = import_module(f"benchmarks.identity.peers.{module}").run
    began, cpu = time.perf_counter(), _processor_seconds()
    run(Path(folder), library, Path(out))
    cost = {"seconds": time.perf_counter() - began, "cpu_seconds": _processor_seconds() - cpu}
    (Path(out) / "cost.json").write_text(json.dumps(cost), encoding="utf-8")


def _processor_seconds() -> float:
    times = psutil.Process().cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def as_dict(cost: Cost) -> dict[str, float]:
    """For the result file."""
    return asdict(cost)


if __name__ == "__main__":
    _answer(*sys.argv[1:])
