"""Airflow's processes see our settings, their own secrets, and nothing else of the caller's."""

import json
import stat

import pytest

from pipelines.orchestrate import environment
from pipelines.orchestrate.environment import RUN, build_environment, load_secrets
from pipelines.settings import load_settings


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "metadata_url", lambda settings: "postgresql+psycopg2:///x")
    return load_settings(
        home=tmp_path / "home",
        sources=(tmp_path / "a", tmp_path / "b"),
        smtp_url="smtp://mail:25",
        today="2026-06-30",
    )


def test_secrets_are_made_once_and_nobody_else_reads_them(settings):
    first = load_secrets(settings)
    assert load_secrets(settings) == first
    build_environment(settings, RUN, 8080)
    files = [settings.home / "airflow" / name for name in ("secrets.json", "passwords.json")]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    assert json.loads(files[1].read_text()) == {"admin": first.password}


def test_two_homes_share_no_secret(settings, tmp_path):
    other = load_secrets(load_settings(home=tmp_path / "other"))
    assert not set(vars(load_secrets(settings)).values()) & set(vars(other).values())


def test_the_settings_reach_the_tasks(settings, tmp_path):
    given = build_environment(settings, RUN, 8123)
    assert given["BASELIB_HOME"] == str(settings.home)
    assert given["BASELIB_SOURCES"] == f"{tmp_path / 'a'}:{tmp_path / 'b'}"
    assert given["BASELIB_SMTP_URL"] == "smtp://mail:25"
    assert given["BASELIB_TODAY"] == "2026-06-30"
    assert "BASELIB_DATABASE_URL" not in given
    assert given["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8123"
    assert all(isinstance(value, str) for value in given.values())


def test_another_airflow_or_python_of_the_caller_does_not(settings, monkeypatch):
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    given = build_environment(settings, RUN, 8080)
    assert "/elsewhere" not in given.values()
    assert given["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"


def test_connections_and_secrets_of_the_site_do(settings, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_BASELIB_SMTP", "smtp://mail:25")
    monkeypatch.setenv("BASELIB_SECRET_TAX", "token")
    given = build_environment(settings, RUN, 8080)
    assert given["AIRFLOW_CONN_BASELIB_SMTP"] == "smtp://mail:25"
    assert given["BASELIB_SECRET_TAX"] == "token"
