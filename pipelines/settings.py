"""Settings: folders, limits and URLs, read from the environment once and passed in.

Read from the environment (``BASELIB_*``) when constructed; importing this module has no effect.
``docs/settings.md`` is generated from the fields below.
"""

import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pipelines.errors import SettingRefused

PROJECT = Path(__file__).resolve().parent.parent
_UNITS = {"MB": 10**6, "MiB": 1 << 20, "GB": 10**9, "GiB": 1 << 30}
_MEMORY = re.compile(r"^(\d+(?:\.\d+)?)\s?(MB|MiB|GB|GiB)$")


class Settings(BaseSettings):
    """All settings, each with its environment variable ``BASELIB_<NAME>``."""

    # Empty is as good as unset: a compose file passes every variable on, given or not.
    model_config = SettingsConfigDict(
        env_prefix="BASELIB_", frozen=True, extra="forbid", env_ignore_empty=True
    )

    home: Path = Field(
        default=Path(".baselib"),
        description="Folder for everything a run makes: database, lake, landed files, mail, logs.",
    )
    sources: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(PROJECT / "sources",),
        description="Folders with source contracts, separated by ':' in the environment.",
    )
    libraries: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(),
        description="Folders with libraries and data elements of the site, beside those of the "
        "package, separated by ':'. Read from the environment alone, by every process.",
    )
    grants: Path = Field(
        default=PROJECT / "grants",
        description="Folder with the reviewed grants of consumers (docs/consumers.md).",
    )
    governance: Path = Field(
        default=PROJECT / "governance",
        description="Folder with what the catalogue of resources needs besides contracts: "
        "departments, classification, resource codes.",
    )
    catalogue_uri: str = Field(
        default="urn:baselib:",
        description="What resource codes are appended to in DCAT, e.g. https://data.example.gov.cn/.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL URL; unset starts the embedded server under the home folder.",
    )
    serve_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL URL of role serve_login, as which `baselib serve` logs in; unset "
        "takes the same server without a password, as the embedded one has it.",
    )
    serve_audience: str = Field(
        default="baselib",
        min_length=1,
        description="Name of this service in the assertions of its clients (claim aud).",
    )
    memory_limit: str = Field(default="3GB", description="Memory that one DuckDB engine may use.")
    threads: int = Field(default=2, ge=1, le=512, description="Threads of one DuckDB engine.")
    jobs: int = Field(
        default=2,
        ge=1,
        le=512,
        description="Sources that `baselib run` ingests at once, each in its own process, with "
        "its share of the memory and threads above. Under Airflow the scheduler decides.",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="smtp://, smtps:// or smtp+starttls:// URL; unset leaves mail in the outbox.",
    )
    mail_from: str = Field(
        default="数据共享工作机构 <baselib@localhost>", description="Sender of quality reports."
    )

    alarm_to: str = Field(
        default="",
        description="Mail addresses of the engineers, separated by commas: they hear of every task "
        "in Airflow that failed for good, once for each cause.",
    )
    alarm_webhook: SecretStr | None = Field(
        default=None,
        description="URL to which the same is sent as JSON (cause, title, text, link).",
    )
    mail_size_limit: int = Field(
        default=15,
        ge=1,
        le=1000,
        description="Largest mail in MB, as sent; a report that is larger comes as several mails.",
    )
    report_days: int = Field(
        default=180,
        ge=0,
        description="Days after which a sent report and its sheets are deleted from the outbox "
        "folder; 0 keeps them. Their content stays in the database.",
    )
    snapshot_days: int = Field(
        default=180,
        ge=0,
        description="Days after which what a table of the lake was before a later write is deleted "
        "(its snapshot, and the files that only that has); 0 keeps all. What a run reads, the last "
        "publication consists of, or `baselib verify` replays from is kept whatever its age.",
    )
    report_contact: str = Field(
        default="",
        description="Whom data owners may ask: name, telephone, address; stands in every report.",
    )

    id_budget: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of published ids that a run may change before a person is asked; unset "
        "leaves it to the library (0.001).",
    )
    deletion_budget: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of a source's published records that it may delete before a person is "
        "asked; unset leaves it to the library (0.05).",
    )
    reader_memory: str = Field(
        default="4GiB",
        description="Memory that the process may use which reads a workbook, an archive or another "
        "foreign form; a file that needs more stops its own source only.",
    )
    unpacked_limit: str = Field(
        default="20GiB", description="What all archives of a delivery may unpack to."
    )
    packed_files: int = Field(
        default=1_000, ge=1, description="Files that the archives of a delivery may hold."
    )
    packed_depth: int = Field(
        default=3, ge=1, le=20, description="Archives within archives that are opened."
    )
    merged_cells: int = Field(
        default=1_000_000, ge=1, description="Merged cells that a sheet may have."
    )
    page_limit: str = Field(
        default="64MiB", description="Size of one page of an HTTP API, or of one JSON document."
    )
    pages: int = Field(
        default=100_000, ge=1, description="Pages that an HTTP API may answer with for a delivery."
    )
    statement_timeout: int = Field(
        default=3_600,
        ge=1,
        description="Seconds that a department's database may take to answer before it is left.",
    )
    always_rebuild: bool = Field(
        default=False,
        description="Stage, check and build everything again, also where a delivery says what the "
        "last one said. The results are the same.",
    )
    today: date | None = Field(
        default=None,
        description="The day that counts as today, for a replay or a demonstration.",
    )

    @field_validator("home", "grants", "governance")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().resolve()

    @field_validator("sources", "libraries", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        parts = value.split(":") if isinstance(value, str) else value
        if isinstance(parts, (list, tuple)):
            return tuple(Path(part).expanduser().resolve() for part in parts if str(part))
        return value

    @field_validator("libraries")
    @classmethod
    def _of_the_environment(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        if value != cls._split(os.environ.get("BASELIB_LIBRARIES", "")):
            raise ValueError("Set it in the environment: every process reads it there.")
        return value

    @field_validator("memory_limit", "reader_memory", "unpacked_limit", "page_limit")
    @classmethod
    def _memory(cls, value: str) -> str:
        if not _MEMORY.match(value):
            raise ValueError("Write a number and a unit, for example 3GB or 512MB.")
        return value

    @field_validator("database_url", "serve_url")
    @classmethod
    def _postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("Write a PostgreSQL URL, postgresql://user@host:5432/database.")
        return value

    def shared_by(self, jobs: int) -> "Settings":
        """The settings of one of so many jobs that work at once."""
        ((number, unit),) = _MEMORY.findall(self.memory_limit)
        shares = {
            "memory_limit": f"{float(number) / jobs:g}{unit}",
            "threads": max(1, self.threads // jobs),
        }
        return self.model_copy(update=shares)

    def size_of(self, name: str) -> int:
        """A size setting in bytes."""
        ((number, unit),) = _MEMORY.findall(str(getattr(self, name)))
        return int(float(number) * _UNITS[unit])

    @property
    def lake_dir(self) -> Path:
        """Parquet files of the Iceberg tables."""
        return self.home / "lake"

    @property
    def landing_dir(self) -> Path:
        """Files as delivered, by source and batch."""
        return self.home / "landing"

    @property
    def scratch_dir(self) -> Path:
        """Spill files and half-written output; safe to delete when nothing runs."""
        return self.home / "scratch"

    @property
    def cache_dir(self) -> Path:
        """What can be made again and takes a while, such as the font of charts."""
        return self.home / "cache"

    @property
    def data_docs_dir(self) -> Path:
        """Data Docs of Great Expectations: a static site, ``index.html`` first."""
        return self.home / "data_docs"

    @property
    def outbox_dir(self) -> Path:
        """Quality reports as .eml files."""
        return self.home / "outbox"


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment; ``overrides`` win, ``None`` means not given.

    Raises:
        SettingRefused: a value cannot work; carries name, value and remedy.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as refused:
        first = refused.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        secret = name in {"database_url", "serve_url", "smtp_url"}
        value = "(hidden)" if secret else str(first.get("input"))
        remedy = str(first["msg"]).removeprefix("Value error, ")
        raise SettingRefused(f"BASELIB_{name.upper()}", value, remedy) from None


def describe_settings() -> str:
    """``docs/settings.md``: every setting with its variable, default and meaning."""
    lines = [
        "# Settings",
        "",
        "Read from the environment when a command starts; a wrong value is refused with its name,",
        "value and remedy. Written by `make docs` from `pipelines/settings.py`.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = (
            f"repository's `{name}/`"
            if name in ("sources", "grants", "governance")
            else f"`{default}`"
        )
        shown = "unset" if default in (None, ()) else shown
        lines.append(f"| `BASELIB_{name.upper()}` | {shown} | {field.description} |")
    lines += [
        "",
        "Passwords and tokens of sources are read from `BASELIB_SECRET_<NAME>`, where `<NAME>` is",
        "what the contract's `secret` says; in Airflow, from the password of the connection",
        "`baselib_secret_<name>` where that is not set. They never stand in a contract.",
        "",
    ]
    return "\n".join(lines)
