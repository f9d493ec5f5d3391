"""One Airflow per home folder: API server, scheduler and DAG processor, started and stopped.

No task here is deferred. A service has a triggerer all the same: tasks of a site may be, and
without one Airflow's first page shows a red light on a sound installation.
"""

import fcntl
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from pipelines.errors import AirflowFailed
from pipelines.orchestrate.client import AirflowClient
from pipelines.orchestrate.environment import (
    USER,
    Profile,
    airflow_home,
    build_environment,
    load_secrets,
    log_folder,
    metadata_url,
)
from pipelines.orchestrate.service.processes import PATIENCE, Started, recall, remember, start, stop
from pipelines.settings import Settings

PORT = 8080  # Airflow's own; another free one when it is taken
COMPONENTS = ("scheduler", "api-server", "dag-processor")
_WANTED = {"metadatabase", "scheduler", "dag_processor"}
_START = 180  # seconds; 15 on two idle cores, and this machine may be neither


@dataclass(frozen=True)
class Companion:
    """A process that lives as long as Airflow, and what tasks must know to use it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


class AirflowStack:
    """The Airflow of one home folder."""

    def __init__(self, settings: Settings, companions: Sequence[Companion] = ()) -> None:
        self._settings = settings
        self._companions = companions
        self._file = airflow_home(settings) / "stack.json"

    @property
    def url(self) -> str:
        """Where it answers, or would."""
        _, facts = recall(self._file)
        return str(facts.get("url", f"http://127.0.0.1:{PORT}"))

    @property
    def port(self) -> int:
        """The port of ``url``."""
        return int(self.url.rsplit(":", 1)[1])

    @property
    def login(self) -> tuple[str, str]:
        """Name and password of its one user."""
        return USER, load_secrets(self._settings).password

    def client(self) -> AirflowClient:
        """A session with it; close it, or use it in a ``with`` statement."""
        return AirflowClient(self.url, *self.login)

    def is_running(self) -> bool:
        """Whether all of its processes live."""
        processes, _ = recall(self._file)
        return bool(processes) and all(one.process for one in processes)

    def ended_components(self) -> list[str]:
        """Those of its processes that should live and do not."""
        processes, _ = recall(self._file)
        return [one.name for one in processes if not one.process]

    @property
    def since(self) -> datetime:
        """When it was started; the distant past if it was not."""
        processes, _ = recall(self._file)
        first = min((one.created for one in processes), default=0.0)
        return datetime.fromtimestamp(first, UTC)

    def start(self, profile: Profile) -> bool:
        """Start it unless it runs, and wait until it is healthy; answers whether it was started.

        Raises:
            AirflowFailed: a component ended or did not become healthy in time.
            DatabaseUnavailable: there is no place for its metadata.
        """
        with self._lock():
            if self.is_running():
                self._await_health()
                return False
            self._end_all()  # what a killed run may have left
            port = free_port(PORT)
            environment = dict(build_environment(self._settings, profile, port))
            for companion in self._companions:
                environment |= companion.environment
            self._migrate(environment)
            self._start_components(environment, f"http://127.0.0.1:{port}", kept=profile.kept)
            try:
                self._await_health()
            except AirflowFailed:
                self._end_all()
                raise
        return True

    def stop(self, patience: float = PATIENCE) -> bool:
        """Stop it and all of its tasks; answers whether there was anything to stop.

        Args:
            patience: Seconds that a task or component has to end by itself.
        """
        with self._lock():
            return self._end_all(patience)

    def log_of(self, component: str) -> Path:
        """The log of one of its processes."""
        return log_folder(self._settings) / f"{component}.log"

    def _end_all(self, patience: float = PATIENCE) -> bool:
        processes, _ = recall(self._file)
        stop(processes, patience)
        self._file.unlink(missing_ok=True)
        return bool(processes)

    def _migrate(self, environment: Mapping[str, str]) -> None:
        """Bring the metadata tables up to date. Airflow takes 9 s to find that they are."""
        marker = airflow_home(self._settings) / "migrated"
        now = _schema_version(metadata_url(self._settings))
        if now and marker.exists() and marker.read_text(encoding="ascii") == now:
            return
        log = self.log_of("migrate")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            done = subprocess.run(
                [sys.executable, "-m", "airflow", "db", "migrate"],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            raise AirflowFailed("prepare its database", "db migrate failed", f"See {log}.")
        marker.write_text(_schema_version(metadata_url(self._settings)), encoding="ascii")

    def _start_components(self, environment: Mapping[str, str], url: str, *, kept: bool) -> None:
        started: list[Started] = []
        commands = {one.name: list(one.command) for one in self._companions}
        commands |= {name: [sys.executable, "-m", "airflow", name] for name in COMPONENTS}
        if kept:  # last, and not waited for
            commands["triggerer"] = [sys.executable, "-m", "airflow", "triggerer"]
        for name in {"scheduler", "triggerer"} & commands.keys():
            commands[name].append("--skip-serve-logs")  # the API server reads the files itself
        keeper = [sys.executable, "-m", "pipelines.orchestrate.service.keeper"] if kept else []
        for name, command in commands.items():
            started.append(start(name, [*keeper, *command], environment, self.log_of(name)))
            remember(self._file, started, url=url)

    def _await_health(self) -> None:
        deadline = time.monotonic() + _START
        with self.client() as client:
            while True:
                sick = _WANTED - client.healthy(self.since)
                if not sick:
                    return
                for name in self.ended_components():
                    raise AirflowFailed(f"start {name}", _tail(self.log_of(name)))
                if time.monotonic() > deadline:
                    raise AirflowFailed("start", f"not well in {_START} s: {sorted(sick)}")
                time.sleep(0.5)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One start or stop at a time."""
        airflow_home(self._settings).mkdir(parents=True, exist_ok=True)
        with (airflow_home(self._settings) / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def free_port(wanted: int = 0) -> int:
    """``wanted`` if nobody listens there on the loopback interface, else any free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AirflowFailed("start", "no free port on the loopback interface")


def _schema_version(url: str) -> str:
    """Airflow's version and that of its tables; empty when there are none."""
    from importlib.metadata import version

    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError:
        return ""
    return f"{version('apache-airflow')} {found}"


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return f"it ended; the end of {log}: " + " | ".join(lines[-3:])
