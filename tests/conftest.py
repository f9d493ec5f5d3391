"""What holds for every test: no settings of the caller, no silent gap on the build server."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    # A heap cannot grow once the JVM runs; Spark's default is too small for a resolution.
    os.environ.setdefault("PYSPARK_SUBMIT_ARGS", "--driver-memory 2g pyspark-shell")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what ``pytest_configure`` made."""
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
