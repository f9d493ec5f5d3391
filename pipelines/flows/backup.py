"""Back up a home and restore it elsewhere: database, lake, files and identity key together.

The database is dumped first, as one consistent state; then the files are copied. Files of the lake
are never altered, what the dump names stays for at least a hundred commits, and nothing is tidied
away meanwhile, so that everything that the dump refers to is in the backup though runs go on.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from pipelines.errors import BaselibError
from pipelines.flows.shared.upkeep import LAKE_FILES
from pipelines.lake import Lake, open_lake
from pipelines.lake.lock import work_lock
from pipelines.lake.paths import table_path
from pipelines.runtime.private_home import make_private
from pipelines.settings import Settings
from pipelines.warehouse import connect, database_url, stop_embedded
from pipelines.warehouse.server.dump import (
    create_roles,
    dump_database,
    read_roles,
    restore_database,
)

FORMAT = 1
_MANIFEST, _DUMP, _FILES = "manifest.json", "database.dump", "home"
# What can be made again, or belongs to the machine: the server's own files are in the dump.
_LEFT_OUT = frozenset({"postgres", "scratch", "cache", "logs", "airflow"})


@dataclass
class BackupRefused(BaselibError):
    """A backup cannot be written or restored as it was asked."""

    where: Path
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem} {self.remedy}"


@dataclass(frozen=True)
class Backup:
    """A backup on disk that was verified: files, their size in bytes, and tables of the lake."""

    folder: Path
    files: int
    size: int
    tables: int


def back_up(settings: Settings, folder: Path) -> Backup:
    """Write a backup to a new folder; it appears whole and verified, or not at all.

    Raises:
        BackupRefused: the folder is there already, or what was written cannot be read again.
        DatabaseUnavailable: the database cannot be dumped.
    """
    folder = folder.expanduser().resolve()
    if folder.exists():
        raise BackupRefused(folder, "It is there already.", "Name a folder that is not.")
    if folder.is_relative_to(settings.home):
        raise BackupRefused(folder, "It is in the home itself.", "Name a folder elsewhere.")
    draft = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}")
    make_private(draft)
    try:
        _write(settings, draft)
        backup = verify_backup(draft)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Backup(folder, backup.files, backup.size, backup.tables)


def restore(backup: Path, settings: Settings) -> Backup:
    """Restore a backup into the home and database of ``settings``, both of which must be empty.

    Raises:
        BackupRefused: it is damaged, the home or database is not empty, or a file is missing.
        DatabaseUnavailable: the database cannot be written.
    """
    _refuse_used_home(settings.home)
    found = verify_backup(backup)
    try:
        make_private(settings.home)
        for name in _read_manifest(backup)["files"]:
            if name != _DUMP:
                _copy(backup / name, settings.home / Path(name).relative_to(_FILES))
        _restore_database(backup, settings)
        tables = _check_lake(settings)
    except BaseException:
        stop_embedded(settings)
        shutil.rmtree(settings.home, ignore_errors=True)
        raise
    return Backup(settings.home, found.files, found.size, tables)


def verify_backup(folder: Path) -> Backup:
    """Read every file of a backup and compare it with the digest that was noted.

    Raises:
        BackupRefused: names the first file that is missing, altered, or was not noted.
    """
    manifest = _read_manifest(folder)
    files: Mapping[str, Mapping[str, Any]] = manifest["files"]
    remedy = "The backup is damaged: take another one."
    for name, noted in files.items():
        path = folder / name
        if not path.is_file():
            raise BackupRefused(path, "It is missing.", remedy)
        if _digest(path) != noted["sha256"]:
            raise BackupRefused(path, "Its content is not what was backed up.", remedy)
    extra = {str(path.relative_to(folder)) for path in _files(folder)} - {*files, _MANIFEST}
    if extra:
        raise BackupRefused(folder / min(extra), "It is not part of the backup.", remedy)
    size = sum(int(noted["bytes"]) for noted in files.values())
    return Backup(folder, len(files), size, int(manifest["tables"]))


def _write(settings: Settings, folder: Path) -> None:
    """The lake's upkeep waits meanwhile: what the dump names must still be there to be copied."""
    engine = connect(settings)
    try:
        with work_lock(engine, LAKE_FILES):
            _write_all(settings, folder, read_roles(engine))
    finally:
        engine.dispose()


def _write_all(settings: Settings, folder: Path, roles: Mapping[str, bool]) -> None:
    lake = open_lake(settings)
    tables = len(lake.tables())
    lake.close()
    dump_database(database_url(settings), folder / _DUMP)
    for path in _files(settings.home):
        name = path.relative_to(settings.home)
        if name.parts[0] not in _LEFT_OUT:
            with suppress(FileNotFoundError):  # tidied away meanwhile, so the dump needs it not
                _copy(path, folder / _FILES / name)
    manifest = {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(),
        "roles": roles,
        "tables": tables,
        "files": {
            str(path.relative_to(folder)): {
                "bytes": path.stat().st_size,
                "sha256": _digest(path),
            }
            for path in _files(folder)
        },
    }
    content = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / _MANIFEST).write_text(content, encoding="utf-8")


def _files(folder: Path) -> Iterator[Path]:
    """All files; those that are being written have a name with a dot, and links are not ours."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield path


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    status = source.stat()
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        remedy = f"Name a folder that `baselib backup` wrote; it has a {_MANIFEST}."
        raise BackupRefused(folder, "It is no backup.", remedy) from None
    if manifest.get("format") != FORMAT:
        remedy = "Restore it with the version of baselib that wrote it."
        raise BackupRefused(folder, "Another version wrote it.", remedy)
    return manifest


def _refuse_used_home(home: Path) -> None:
    if home.exists() and any(home.iterdir()):
        remedy = "Name an empty or a new folder with --home; nothing is ever overwritten."
        raise BackupRefused(home, "The home is not empty.", remedy)


def _restore_database(backup: Path, settings: Settings) -> None:
    engine = connect(settings)
    try:
        with engine.begin() as connection:
            if connection.execute(text("SELECT to_regnamespace('quality')")).scalar():
                remedy = "Name an empty one in BASELIB_DATABASE_URL."
                raise BackupRefused(settings.home, "The database is not empty.", remedy)
            create_roles(connection, _read_manifest(backup)["roles"])
    finally:
        engine.dispose()
    restore_database(database_url(settings), backup / _DUMP)


def _check_lake(settings: Settings) -> int:
    """Every file that any snapshot of any table refers to is there, with its size.

    Raises:
        BackupRefused: names the first that is not.
    """
    lake = open_lake(settings)
    try:
        tables = lake.tables()
        for table in tables:
            _check_table(lake, table)
        return len(tables)
    finally:
        lake.close()


def _check_table(lake: Lake, table: str) -> None:
    for file in lake.catalog.load_table(table).inspect.all_files().to_pylist():
        path = lake.root / table_path(file["file_path"])
        if not path.is_file() or path.stat().st_size != file["file_size_in_bytes"]:
            remedy = "The home was damaged before it was backed up: restore an earlier backup."
            raise BackupRefused(path, f"{table} has this file, and it is not there whole.", remedy)
