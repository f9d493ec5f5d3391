"""What holds for every test: no settings of the caller, no silent gap on the build server."""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

# The same examples every time: a change is never refused for what chance found in another's code.
# `HYPOTHESIS_PROFILE=explore pytest …` looks for new ones.
settings.register_profile("steady", derandomize=True, database=None)
settings.register_profile("explore")
# For who asks only whether a law fails, not for the smallest example of it: benchmarks.mutation.
settings.register_profile(
    "unshrunk", derandomize=True, database=None, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

REQUIRE_SPARK = "BASELIB_REQUIRE_SPARK"
MADE = pytest.StashKey[str]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take the caller's own settings away before anything reads them."""
    if os.geteuid() == 0 and not config.option.basetemp and not hasattr(config, "workerinput"):
        # Run as root, pytest closes its own folder to the user who runs PostgreSQL, every time.
        config.option.basetemp = config.stash[MADE] = tempfile.mkdtemp(prefix="baselib-pytest-")
    for name in list(os.environ):
        if name.startswith(("BASELIB_", "AIRFLOW")) and name != REQUIRE_SPARK:
            del os.environ[name]
    # Parsers raise the limit when they first write SQL; hypothesis warns if an example does.
    sys.setrecursionlimit(20_000)
    # A heap cannot grow once the JVM runs; Spark's default is too small for a resolution.
    os.environ.setdefault("PYSPARK_SUBMIT_ARGS", "--driver-memory 2g pyspark-shell")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is only run where it is asked for by its mark.

    ``spark``: ``make test-spark`` and ``.ci/run``; ``faults``: ``make faults``; ``slow``: by hand.
    """
    asked = config.getoption("markexpr") or ""
    unasked = [mark for mark in ("spark", "faults", "slow") if mark not in asked]
    if os.environ.get(REQUIRE_SPARK) and "spark" in unasked:
        unasked.remove("spark")
    left = [item for item in items if any(map(item.get_closest_marker, unasked))]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


def pytest_collection_finish() -> None:
    """Take what was imported out of the collector's sight: it lives until the end anyway.

    A collection looks at half a million objects of modules and tests otherwise, every few seconds:
    a tenth of all time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what ``pytest_configure`` made."""
    gc.unfreeze()  # or modules in C say at the end that something was never freed
    if made := config.stash.get(MADE, None):
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _passable_folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    """As root: let the user who runs PostgreSQL pass through the tests' folders."""
    if os.geteuid() != 0:
        return
    base, make = tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp
    for folder in (base, base.parent):
        if folder.stat().st_uid == 0 and folder.name.startswith(("baselib-pytest-", "popen-")):
            folder.chmod(0o711)

    def make_passable(basename: str, numbered: bool = True) -> Path:
        made = make(basename, numbered=numbered)
        made.chmod(0o711)
        return made

    tmp_path_factory.mktemp = make_passable  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With ``BASELIB_REQUIRE_SPARK`` set, a test on Spark that is skipped has failed."""
    report = yield
    if report.skipped and item.get_closest_marker("spark") and os.environ.get(REQUIRE_SPARK):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must run here, and was skipped: {report.longrepr[2]}"
    return report
