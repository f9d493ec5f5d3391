"""Airflow runs in processes of its own here: it reads its settings once, when it is imported."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
_PATIENCE = 300  # seconds; 15 on two idle cores

InAirflow = Callable[..., Any]


@pytest.fixture(scope="session")
def airflow_environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """An Airflow of its own: empty home, SQLite, no examples."""
    home = tmp_path_factory.mktemp("airflow")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(PROJECT),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "BASELIB_HOME": str(home / "baselib"),
        "GX_ANALYTICS_ENABLED": "false",
    }


@pytest.fixture(scope="session")
def in_airflow(airflow_environment: Mapping[str, str]) -> InAirflow:
    """``in_airflow("script.py", *arguments, NAME=value)``: what that script prints last."""

    def run(script: str, *arguments: str, **environment: str) -> Any:
        done = subprocess.run(
            [sys.executable, str(HERE / script), *arguments],
            env={**airflow_environment, **environment},
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{script} failed:\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout.splitlines()[-1])

    return run
