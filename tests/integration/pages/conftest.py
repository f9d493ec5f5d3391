"""The site of ``pages_site``, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages_site import HERE, PROJECT, Site
from steward_town import new_town

from pipelines.settings import Settings


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("airflow")


@pytest.fixture(scope="module")
def site(module_settings: Settings, airflow_home: Path) -> Iterator[Site]:
    town = new_town(module_settings)
    started = airflow_home / f"started-{os.getpid()}-{module_settings.home.name}"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(airflow_home),
        "PYTHONPATH": str(PROJECT),
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__API__SECRET_KEY": "not-a-real-secret",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "BASELIB_HOME": str(module_settings.home),
        "BASELIB_DATABASE_URL": module_settings.database_url.get_secret_value(),
        "BASELIB_TODAY": "2026-07-02",
    }
    process = subprocess.Popen(
        [sys.executable, str(HERE / "serve_pages.py"), str(started)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    port = int(process.stdout.readline())
    yield Site(town, f"http://127.0.0.1:{port}/city-1/baselib/", started)
    process.kill()
    process.wait()
