"""The environment in which Airflow's processes run: every setting of theirs, and nobody else's.

Settings go by environment variables and not by an ``airflow.cfg``, so that what is written here is
all there is. Secrets are made once per home folder and kept in files that only their owner reads.
"""

import base64
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from pipelines.settings import PROJECT, Settings
from pipelines.warehouse.server.database import ensure_database, sqlalchemy_url

USER = "admin"
# What a site sets itself, and a stray AIRFLOW_HOME or AIRFLOW__… of the caller does not.
_KEPT = ("AIRFLOW_CONN_", "AIRFLOW_VAR_")
_DROPPED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV")
# Imported once by the process that tasks are forked from. Every task would otherwise import them:
# Airflow's task runner takes 3 s, the engines 3 s, Great Expectations 5 s. Nothing of our own, so
# that the next task after a change of code runs the changed code.
PRELOADED = (
    "pipelines.orchestrate.forkserver",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
    "open_data_contract_standard.model",
    "ibis.backends.duckdb",
    "pyarrow.parquet",
    "pyiceberg.catalog.sql",
    "adbc_driver_postgresql.dbapi",
    "great_expectations",
    "openpyxl",
    "pydantic_settings",
)


@dataclass(frozen=True)
class Profile:
    """What differs between a run that somebody waits for and a service that stays up."""

    retry_delay: int  # seconds before a failed task is tried again
    parse_interval: int  # seconds between two readings of a DAG file
    idle_sleep: float  # seconds that an idle scheduler sleeps; short is prompt and costs CPU
    kept: bool  # whether a component that ends is started again


RUN = Profile(retry_delay=5, parse_interval=3600, idle_sleep=0.5, kept=False)
SERVICE = Profile(retry_delay=300, parse_interval=60, idle_sleep=1.0, kept=True)
# Seconds after which tasks of a scheduler that was killed are started again by the next one, at the
# earliest when its last sign of life is half a minute old. Airflow's own five minutes are long.
_ORPHANS = 30


@dataclass(frozen=True)
class Secrets:
    """Airflow's keys and the password of its one user."""

    fernet_key: str
    jwt_secret: str
    api_secret: str
    password: str


def airflow_home(settings: Settings) -> Path:
    """Airflow's own folder under the home folder."""
    return settings.home / "airflow"


def log_folder(settings: Settings) -> Path:
    """Logs of Airflow's processes; those of tasks are in ``tasks`` below it."""
    return settings.home / "logs" / "airflow"


def load_secrets(settings: Settings) -> Secrets:
    """The secrets of this home folder, made at the first call."""
    path = airflow_home(settings) / "secrets.json"
    if not path.exists():
        made = Secrets(
            fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            jwt_secret=secrets.token_urlsafe(48),
            api_secret=secrets.token_urlsafe(48),
            password=secrets.token_urlsafe(12),
        )
        write_private(path, json.dumps(vars(made)))
    return Secrets(**json.loads(path.read_text(encoding="utf-8")))


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` as a whole; nobody but its owner can read it, at no moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def metadata_url(settings: Settings) -> str:
    """Airflow's own database: on the same server as the warehouse, made when missing."""
    return sqlalchemy_url(ensure_database(settings, "airflow"))


def build_environment(settings: Settings, profile: Profile, port: int) -> Mapping[str, str]:
    """The variables of one Airflow whose API answers at ``port`` of the loopback interface.

    Starts the embedded database if that is where the metadata are.
    """
    home, keys = airflow_home(settings), load_secrets(settings)
    passwords = home / "passwords.json"
    write_private(passwords, json.dumps({USER: keys.password}))
    return _inherited() | _own(settings) | _airflow(settings, profile, port, keys, passwords)


def _inherited() -> dict[str, str]:
    """The caller's environment without what would change another Airflow or another Python."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in _DROPPED and (not name.startswith("AIRFLOW") or name.startswith(_KEPT))
    }


def _own(settings: Settings) -> dict[str, str]:
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTHONPATH": str(PROJECT),
        "PYTHONNOUSERSITE": "1",
        "GX_ANALYTICS_ENABLED": "false",
        **{f"BASELIB_{name.upper()}": value for name, value in _given(settings).items()},
    }


def _given(settings: Settings) -> dict[str, str]:
    """The settings that were given, and the folders, as the environment has them."""
    values = {
        name: value
        for name, value in settings
        if name in ("home", "sources") or name in settings.model_fields_set
    }
    return {name: _written(value) for name, value in values.items() if value is not None}


def _written(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ":".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _airflow(
    settings: Settings, profile: Profile, port: int, keys: Secrets, passwords: Path
) -> dict[str, str]:
    base, cores = f"http://127.0.0.1:{port}", os.cpu_count() or 2
    options = {
        "CORE__DAGS_FOLDER": PROJECT / "dags",
        "CORE__PLUGINS_FOLDER": PROJECT / "plugins",
        "CORE__LOAD_EXAMPLES": False,
        "CORE__EXECUTOR": "LocalExecutor",
        # One more than cores: a task spends about a third of its life waiting for Airflow's API.
        "CORE__PARALLELISM": cores + 1,
        # The executor's queue is first come, first served and takes all it is given. With little in
        # it, the scheduler's priorities count: a source that was begun is finished first.
        "CORE__DEFAULT_POOL_TASK_SLOT_COUNT": cores + 2,
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": False,
        "CORE__DEFAULT_TASK_RETRY_DELAY": profile.retry_delay,
        "CORE__FERNET_KEY": keys.fernet_key,
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": passwords,
        "CORE__EXECUTION_API_SERVER_URL": f"{base}/execution/",
        "DATABASE__SQL_ALCHEMY_CONN": metadata_url(settings),
        # No asynchronous driver is installed, and nothing that is used here needs one.
        "DATABASE__SQL_ALCHEMY_CONN_ASYNC": "",
        "API__HOST": "127.0.0.1",
        "API__PORT": port,
        "API__BASE_URL": base,
        "API__SECRET_KEY": keys.api_secret,
        "API__WORKERS": 1,
        "API_AUTH__JWT_SECRET": keys.jwt_secret,
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": profile.idle_sleep,
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": _ORPHANS,
        "SCHEDULER__MP_START_METHOD": "forkserver",
        "SCHEDULER__MP_FORKSERVER_PRELOAD": ",".join(PRELOADED),
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": profile.parse_interval,
        "LOGGING__BASE_LOG_FOLDER": log_folder(settings) / "tasks",
        "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": log_folder(settings) / "parsing",
        "LOGGING__COLORED_CONSOLE_LOG": False,
    }
    named = {f"AIRFLOW__{name}": str(value) for name, value in options.items()}
    return {"AIRFLOW_HOME": str(airflow_home(settings))} | named
