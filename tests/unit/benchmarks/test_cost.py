"""What a stage costs is told in seconds of the clock and of the processor, its children's too."""

import subprocess
import sys

from benchmarks.cost import Measured, Meter, StageCost
from benchmarks.result import extrapolate

BUSY = "sum(i * i for i in range(2_000_000))"


def test_work_of_a_child_counts_and_waiting_does_not():
    meter = Meter()
    with meter.stage("waits"):
        subprocess.run([sys.executable, "-S", "-c", "import time; time.sleep(0.5)"], check=True)
    with meter.stage("works"):
        subprocess.run([sys.executable, "-S", "-c", BUSY], check=True)
    waits, works = meter.stages["waits"], meter.stages["works"]
    assert waits.seconds > 0.5 > waits.cpu_seconds
    assert works.cpu_seconds > waits.cpu_seconds


def test_both_go_on_along_their_own_line():
    least = Measured({"clean": StageCost(2.0, cpu_seconds=1.0)}, records=100, entities=10)
    most = Measured({"clean": StageCost(4.0, cpu_seconds=1.5)}, records=200, entities=20)
    further = extrapolate(least, most, records=400)
    assert further.stages["clean"].seconds == 8.0
    assert further.stages["clean"].cpu_seconds == 2.5
