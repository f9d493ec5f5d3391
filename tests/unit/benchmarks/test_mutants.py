"""Mutants: which changes are made, again the same for a seed, and that a changed module is run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.mutation.__main__ import end_servers
from benchmarks.mutation.mutants import mutant, sample
from benchmarks.mutation.nearest import NEAREST, ROOMS, nearest

CHANGES = {
    "a < b": {"a <= b"},
    "a == b": {"a != b"},
    "a is None": {"a is not None"},
    "a in b": {"a not in b"},
    "a + b": {"a - b"},
    "a & ~b": {"a | ~b", "a & b"},
    "a and not b": {"a or not b", "a and b"},
    "a[3]": {"a[4]"},
    "f(x=True)": {"f(x=False)"},
    "t.filter(a).select('b')": {"t.select('b')"},
    "a.fill_null(b)": {"a"},
    "f'{a}'": set(),
    "a.mutate(b=c)": set(),
}


def changed(text):
    """Every mutant of a module of one assignment, or of a function."""
    file, made = Path("x.py"), set()
    for number in range(99):
        try:
            made.add(mutant(file, text, number).source)
        except StopIteration:
            return made
    raise AssertionError


@pytest.mark.parametrize(("before", "after"), CHANGES.items())
def test_each_change_by_example(before, after):
    assert changed(f"x = {before}") == {f"x = {each}" for each in after}


def test_what_a_function_returns_and_what_it_calls_is_left_out():
    text = "def f(a: Annotated[int, 3]=None) -> 'x':\n    g()\n    return a"
    made = changed(text)
    assert any("None\n    return a" in each for each in made)
    assert any("g()\n    return None" in each for each in made)
    assert len(made) == 2
    assert changed("def f():\n    raise E('a' + b, 3)\n    return None") == set()


def test_a_sample_is_the_same_for_a_seed_and_spread_over_the_files(tmp_path):
    files = [tmp_path / f"{name}.py" for name in "abc"]
    for file in files:
        file.write_text("\n".join(f"x = {n} < y" for n in range(40)))
    first = sample(files, 30, seed=1)
    assert sample(files, 30, seed=1) == first
    assert sample(files, 30, seed=2) != first
    assert {each.file for each in first} == set(files)
    assert len(first) == 30


def test_every_module_of_the_rooms_has_tests_that_exist():
    assert all(Path(test).is_file() for tests in NEAREST.values() for test in tests)
    modules = [file for room in ROOMS for file in Path("pipelines", room).rglob("*.py")]
    assert [file for file in modules if file.name != "__init__.py" and not nearest(file)] == []


OUTCOMES = """
from pathlib import Path
from benchmarks.mutation.__main__ import outcome
from benchmarks.mutation.mutants import mutant
file, tests = Path("made/module.py"), ["test_module.py"]
at_border, is_none = (mutant(file, file.read_text(), number) for number in (1, 0))
assert "<=" in at_border.after
print([outcome(each, tests) for each in (None, at_border, is_none)])
"""


def test_a_change_that_tests_notice_is_killed_and_none_survives(tmp_path):
    """In a process of its own: a fork of one that ran many tests is no place to run more in."""
    package = tmp_path / "made"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "module.py").write_text("def f(a):\n    return a < 3\n")
    test = tmp_path / "test_module.py"
    test.write_text("from made.module import f\n\n\ndef test_f():\n    assert f(2)\n")
    path = os.pathsep.join((str(tmp_path), str(Path.cwd())))
    done = subprocess.run(
        [sys.executable, "-c", OUTCOMES],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.strip() == "['survived', 'survived', 'killed']", done.stderr


def test_a_server_that_its_tests_left_running_is_ended_and_no_other(tmp_path):
    """A process stands for the server: it works in its data and has written its number there."""
    # A shell starts what runs in its background with the signal ignored; a server heeds its own.
    heeds = "import signal, time; signal.signal(signal.SIGQUIT, signal.SIG_DFL); print(flush=True)"
    waiting = [sys.executable, "-c", f"{heeds}; time.sleep(99)"]
    servers = {}
    for name in ("left/postgres/data", "other/postgres/data"):
        data = tmp_path / name
        data.mkdir(parents=True)
        servers[name] = subprocess.Popen(
            waiting, cwd=data, start_new_session=True, stdout=subprocess.PIPE
        )
        assert servers[name].stdout.readline()  # it is ready
        (data / "postmaster.pid").write_text(f"{servers[name].pid}\n{data}\n", "utf-8")
    left, other = servers.values()
    stale = tmp_path / "left" / "elsewhere"
    stale.mkdir()
    (stale / "postmaster.pid").write_text(f"{other.pid}\n", "utf-8")  # its number is another's now
    end_servers(tmp_path / "left")
    assert left.wait(timeout=20) == -signal.SIGQUIT
    assert other.poll() is None
    other.kill()
    for each in (left, other):
        each.communicate()
