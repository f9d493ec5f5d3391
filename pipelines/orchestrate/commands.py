"""``make run``, ``make up`` and ``make down``: the demo city and Airflow, from one terminal."""

import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipelines.contracts import usable_sources
from pipelines.demo.api import environment as demo_environment
from pipelines.errors import AirflowFailed
from pipelines.orchestrate.client import AWAITS_PEOPLE
from pipelines.orchestrate.environment import RUN, SERVICE, build_environment, log_folder
from pipelines.orchestrate.progress import Display, display
from pipelines.orchestrate.run import RunOutcome, end_leftovers, plan_of, run_all
from pipelines.orchestrate.service.stack import AirflowStack, Companion, free_port
from pipelines.runtime.child_environment import without_secrets
from pipelines.settings import Settings
from pipelines.warehouse import migrate, stop_embedded


def run_demo(settings: Settings, persons: int, seed: int, batch: str) -> int:
    """Make the demo city and build its libraries through Airflow; answers the exit code."""
    began = time.monotonic()
    stack = AirflowStack(settings, _companions(settings))
    with display(plan_of(settings).task_count) as shown:
        shown.say(f"Making a city of {persons:,} persons and starting Airflow in {settings.home}")
        making = _make_city(settings, persons, seed, batch)
        started = False
        try:
            migrate(settings)
            starting = datetime.now(UTC)
            started = stack.start(RUN)
            _await_city(settings, making)
            shown.say(f"Ready after {time.monotonic() - began:.0f} s: {stack.url}")
            if started:
                with stack.client() as client:
                    end_leftovers(client, starting)
            outcome = run_all(settings, stack, batch, shown)
        finally:
            making.kill()
            if started:
                stack.stop(patience=2)  # nothing runs any more, or it is repeated anyway
        _tell(outcome, shown)
        shown.say(f"Took {time.monotonic() - began:.0f} s in all.\n")
    _show(settings, "status")
    if not outcome.succeeded:
        return 1
    return _show(settings, "demo", "consumers")


def start_service(settings: Settings) -> str:
    """Start Airflow with everything scheduled; answers what to tell the person.

    Runs that a stop or a kill broke off go on: the scheduler starts their tasks again.
    """
    stack = AirflowStack(settings, _companions(settings))
    migrate(settings)
    stack.start(SERVICE)
    user, password = stack.login
    return (
        f"Airflow: {stack.url}\nUser: {user}\nPassword: {password}\n"
        f"Logs: {log_folder(settings)}\nStop it with `make down`.\n"
    )


def stop_service(settings: Settings) -> str:
    """Stop Airflow and the embedded database; answers what was done."""
    if not settings.home.exists():
        return f"Nothing was ever started in {settings.home}.\n"
    was_running = AirflowStack(settings).stop()
    stop_embedded(settings)
    return "Stopped.\n" if was_running else "Airflow was not running; the database is stopped.\n"


def run_airflow(settings: Settings, arguments: Sequence[str]) -> int:
    """Run one of Airflow's own commands, ``backfill create …`` say; answers its exit code."""
    stack = AirflowStack(settings)
    environment = build_environment(settings, SERVICE, stack.port)
    command = [sys.executable, "-m", "airflow", *arguments]
    return subprocess.run(command, env=dict(environment), check=False).returncode  # noqa: S603 - ours


def _companions(settings: Settings) -> Sequence[Companion]:
    """The education bureau's interface, where a contract asks for the demo's."""
    locations = [source.server.location for source in usable_sources(settings).values()]
    if not any("${BASELIB_DEMO_API}" in location for location in locations):
        return ()
    port = free_port()
    command = [*_baselib(settings, "demo", "serve"), "--port", str(port)]
    return (Companion("demo-api", command, demo_environment(f"http://127.0.0.1:{port}")),)


def _baselib(settings: Settings, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipelines", *arguments, "--home", str(settings.home)]


def _make_city(settings: Settings, persons: int, seed: int, batch: str) -> subprocess.Popen[bytes]:
    """Beside the start of Airflow, which leaves one core idle."""
    options = ["--persons", str(persons), "--seed", str(seed), "--batch", batch]
    log = _city_log(settings)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - our own command
            [*_baselib(settings, "demo"), *options],
            env=without_secrets(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _await_city(settings: Settings, making: subprocess.Popen[bytes]) -> None:
    if making.wait():
        raise AirflowFailed("make the demo city", "it failed", f"See {_city_log(settings)}.")


def _city_log(settings: Settings) -> Path:
    return settings.home / "logs" / "demo.log"


def _tell(outcome: RunOutcome, shown: Display) -> None:
    for failure in outcome.failures:
        shown.say(f"FAILED {failure.dag_id}, task {failure.task_id}: {failure.reason}")
        shown.say(f"       log: {failure.log}")
    for dag_id, state in outcome.states.items():
        if state == AWAITS_PEOPLE:
            shown.say(f"WAITS   {dag_id}: somebody has to approve it; `make up`, then its page")
        if state == "not run":
            shown.say(f"NOT RUN {dag_id}: nothing that it is built from came through")


def _show(settings: Settings, *verb: str) -> int:
    """Run one of our own verbs that prints; answers its exit code."""
    command = _baselib(settings, *verb)
    return subprocess.run(command, env=without_secrets(), check=False).returncode  # noqa: S603
