"""Who interrupts a command while it imports what it needs hears one sentence."""

import subprocess
import sys

import pytest

# Runs a module as a command, and interrupts it as it begins to import another.
INTERRUPTS = """
import os, runpy, signal, sys

# Whoever starts the tests may ignore interrupts (nohup), and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

class Interrupting:
    def find_spec(name, path, target=None):
        if name == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting)
runpy.run_module(sys.argv[1], run_name="__main__")
"""


@pytest.mark.parametrize(
    ("command", "imported"),
    [
        ("pipelines", "pipelines.cli"),
        ("pipelines", "sqlalchemy"),
        ("pipelines.orchestrate", "pipelines.orchestrate.commands"),
    ],
)
def test_an_interrupt_while_imports_run_is_told_in_a_sentence(command, imported):
    started = [sys.executable, "-c", INTERRUPTS, command, imported]
    ended = subprocess.run(started, capture_output=True, text=True, check=False)
    told = (ended.returncode, ended.stderr)
    assert told == (130, "baselib: interrupted before anything was done.\n")


def test_an_interrupt_that_is_ignored_stays_ignored():
    code = (
        "import os, signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from pipelines.runtime.interrupt import importing\n"
        "with importing(): os.kill(os.getpid(), signal.SIGINT)\n"
        "assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_afterwards_an_interrupt_is_an_exception_again():
    code = (
        "import os, signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pipelines.runtime.interrupt import importing\n"
        "with importing(): pass\n"
        "try: os.kill(os.getpid(), signal.SIGINT)\n"
        "except KeyboardInterrupt: raise SystemExit(7)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 7
