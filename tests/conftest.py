"""What holds for every test: no settings of the caller, no silent gap on the build server."""

import os
from collections.abc import Iterator

import pytest

REQUIRE_SPARK = "BASELIB_REQUIRE_SPARK"


def pytest_configure() -> None:
    """Take the caller's own settings away before anything reads them."""
    for name in list(os.environ):
        if name.startswith(("BASELIB_", "AIRFLOW")) and name != REQUIRE_SPARK:
            del os.environ[name]
    # A heap cannot grow once the JVM runs; Spark's default is too small for a resolution.
    os.environ.setdefault("PYSPARK_SUBMIT_ARGS", "--driver-memory 2g pyspark-shell")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With ``BASELIB_REQUIRE_SPARK`` set, a test on Spark that is skipped has failed."""
    report = yield
    if report.skipped and item.get_closest_marker("spark") and os.environ.get(REQUIRE_SPARK):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must run here, and was skipped: {report.longrepr[2]}"
    return report
