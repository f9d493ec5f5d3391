"""Error handling: the one place that decides what becomes of an error that is not the project's.

Full disks, lost databases, exhausted memory and defects become errors of the project, which say
cause, place and remedy in a sentence. Their traceback goes to a private file under the home, never
to a terminal.
"""

import errno
import os
import re
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from pipelines.errors import (
    BaselibError,
    DatabaseLost,
    DatabaseOutdated,
    SystemFault,
    UnexpectedError,
)

AGAIN = "then repeat the command; it goes on from there."
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}
_GONE = {errno.ENOENT, errno.ENOTDIR}
# How DuckDB and PyArrow quote the system, which tell no error number.
_QUOTED = {
    "No space left": errno.ENOSPC,
    "Disk quota exceeded": errno.EDQUOT,
    "Read-only file system": errno.EROFS,
    "Permission denied": errno.EACCES,
    "No such file": errno.ENOENT,
    "No files found": errno.ENOENT,
    "Too many open files": errno.EMFILE,
}
# PostgreSQL: no such table, no such schema, no such column
_OUTDATED = {"42P01", "3F000", "42703"}
# What a driver raises when the connection is the fault, and not the statement.
_CONNECTION = {
    f"{package}.{name}"
    for package in ("sqlalchemy", "psycopg2", "adbc_driver_manager")
    for name in ("OperationalError", "InterfaceError")
}
# What may be somebody's: quoted values, long numbers, Chinese text.
_VALUES = re.compile(r"'[^']*'|\"[^\"/]*\"|\([^()]*\)=\([^()]*\)|\d{5,}|[\u3400-\u9fff]+")
_MOST_CAUSES = 10


def explain_error(error: Exception, doing: str, home: Path) -> BaselibError:
    """``error`` as an error of the project; one that is already stays as it is.

    Args:
        error: What was raised.
        doing: Source or library, batch and verb: what it ended.
        home: Below which the log with the traceback is written.
    """
    if isinstance(error, BaselibError):
        return error
    for kinds, told in _EXPLANATIONS:
        if kinds & _kinds_of(error):
            found = told(error, doing)
            break
    else:
        found = UnexpectedError(doing, type(error).__name__)
    if isinstance(found, SystemFault | UnexpectedError):
        found.log = write_traceback(error, doing, home)
    return found


def write_traceback(error: BaseException, doing: str, home: Path) -> Path | None:
    """Keep where an error came from, without values; ``None`` if that cannot be written either."""
    folder = home / "logs" / "errors"
    about = re.sub(r"[^A-Za-z0-9_-]+", "-", doing).strip("-")[:80]
    now = datetime.now(UTC)
    file = folder / f"{now:%Y%m%dT%H%M%S}-{about}-{uuid4().hex[:6]}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as log:
            log.write(f"{now.isoformat()} {doing}\n")
            log.writelines(_traceback_lines(error))
    except OSError:
        return None
    return file


def _traceback_lines(error: BaseException) -> Iterator[str]:
    """Frames and kinds of an error and of its causes, the last one first."""
    current: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if current is None:
            return
        yield from traceback.format_tb(current.__traceback__)
        first = str(current).strip().splitlines()[:1]
        yield f"{type(current).__module__}.{type(current).__qualname__}: "
        yield f"{_VALUES.sub('…', ''.join(first))}\n\n"
        current = current.__cause__ or current.__context__


def _kinds_of(error: Exception) -> set[str]:
    """Package and name of its classes: no package is imported only to ask."""
    return {f"{c.__module__.split('.')[0].lstrip('_')}.{c.__name__}" for c in type(error).__mro__}


def _system(error: Exception, doing: str) -> SystemFault:
    """A file, a disk or a connection, as the operating system says it."""
    number = getattr(error, "errno", None)
    where = getattr(error, "filename", None)
    if number is None:
        number = next((n for text, n in _QUOTED.items() if text in str(error)), None)
        quoted = re.search(r"[\"'](/[^\"']+)[\"']", str(error))
        where = quoted[1] if quoted else None
    return _file_fault(doing, number, str(where) if where else "", type(error).__name__)


def _file_fault(doing: str, number: int | None, where: str, kind: str) -> SystemFault:
    at = f" of {where}" if where else ""
    if number in _FULL:
        problem, remedy = f"no space is left on the file system{at}", "Free some, or enlarge it"
    elif number in _FORBIDDEN:
        problem = f"{where or 'a file'} may not be read or written"
        remedy = "Give the user who runs baselib the right to it, or mount it writable"
    elif number in _GONE:
        problem = f"{where or 'a file'} is not there"
        remedy = "See `baselib doctor`, bring it back"
    elif number == errno.EMFILE:
        problem, remedy = "too many files are open", "Raise the limit (ulimit -n)"
    else:
        said = os.strerror(number) if number else kind
        problem, remedy = f"the system reports {said!r}{at}", "See `baselib doctor`, mend it"
    return SystemFault(doing, problem, f"{remedy}, {AGAIN}")


def _memory(_error: Exception, doing: str) -> SystemFault:
    return SystemFault(
        doing,
        "the memory that it may use is exhausted",
        "Give it more (BASELIB_MEMORY_LIMIT), or do less at a time (BASELIB_JOBS=1), " + AGAIN,
    )


def _database(error: Exception, doing: str) -> BaselibError:
    """A connection that broke, or a server that cannot go on."""
    cause = getattr(error, "orig", None) or error
    code = str(getattr(cause, "pgcode", None) or getattr(cause, "sqlstate", None) or "")
    if code in _OUTDATED:
        return DatabaseOutdated()
    if code == "53100" or "No space left" in str(cause):
        remedy = f"Free some on the server's disk, {AGAIN}"
        return SystemFault(doing, "PostgreSQL has no space left", remedy)
    if code == "53200":
        return SystemFault(doing, "PostgreSQL has no memory left", f"Give it more, {AGAIN}")
    if code in {"42501", "25006"}:
        remedy = f"Connect with a role that may write (docs/settings.md), {AGAIN}"
        return SystemFault(doing, "PostgreSQL does not let this user write", remedy)
    if not _kinds_of(error) & _CONNECTION and not getattr(error, "connection_invalidated", False):
        return UnexpectedError(doing, type(error).__name__)
    return DatabaseLost(
        doing,
        "the connection to PostgreSQL broke, or it does not answer",
        "The embedded server is started again by the next command; for another one see that it "
        f"runs (BASELIB_DATABASE_URL), {AGAIN}",
    )


def _written_twice(_error: Exception, doing: str) -> SystemFault:
    return SystemFault(
        doing,
        "another process wrote the same rows to PostgreSQL at the same time",
        f"Wait until it has ended (`baselib doctor` names it), {AGAIN}",
    )


_Explanation = Callable[[Exception, str], BaselibError]
_EXPLANATIONS: tuple[tuple[set[str], _Explanation], ...] = (
    ({"builtins.MemoryError", "duckdb.OutOfMemoryException"}, _memory),
    ({"sqlalchemy.IntegrityError", "psycopg2.IntegrityError"}, _written_twice),
    (
        {"sqlalchemy.DBAPIError", "psycopg2.Error", "adbc_driver_manager.Error"},
        _database,
    ),
    ({"builtins.OSError", "duckdb.IOException"}, _system),
)
