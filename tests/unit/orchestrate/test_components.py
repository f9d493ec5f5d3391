"""Which processes an Airflow of a home folder consists of, by what it is for."""

from types import SimpleNamespace

import pytest

from pipelines.orchestrate.environment import RUN, SERVICE
from pipelines.orchestrate.service import stack
from pipelines.settings import load_settings


@pytest.mark.parametrize(
    ("profile", "names"),
    [
        (RUN, ["scheduler", "api-server", "dag-processor"]),
        (SERVICE, ["scheduler", "api-server", "dag-processor", "triggerer"]),
    ],
    ids=["run", "service"],
)
def test_a_service_is_kept_and_has_no_red_light(tmp_path, monkeypatch, profile, names):
    started = {}

    def start(name, command, environment, log):
        started[name] = command
        return SimpleNamespace(name=name)

    monkeypatch.setattr(stack, "start", start)
    monkeypatch.setattr(stack, "remember", lambda *_, **__: None)
    airflow = stack.AirflowStack(load_settings(home=tmp_path))
    airflow._start_components({}, "http://127.0.0.1:1", kept=profile.kept)
    assert list(started) == names
    for command in started.values():
        assert ("pipelines.orchestrate.service.keeper" in command) is profile.kept
