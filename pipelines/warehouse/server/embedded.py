"""The embedded PostgreSQL server: one per home folder, started when first needed.

The server outlives the process that started it; every process finds it by the ``postmaster.pid``
that PostgreSQL writes. Only the wheel's programs are used, not its Python interface: that one waits
at most ten seconds for crash recovery, and opens folders to everybody.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pipelines.errors import DatabaseUnavailable
from pipelines.runtime.private_home import make_private
from pipelines.warehouse.server.programs import (
    give_to_server,
    let_server_pass,
    run_program,
    server_uid,
)

_PORT = 5432  # only names the socket; the server does not listen on any network
_LONGEST_SOCKET = 100  # bytes; the kernel's limit is 107 on Linux and 103 on macOS
_PLAIN_PATH = re.compile(r"^[A-Za-z0-9/_.+-]+$")  # libpq splits a host at commas, and so on
_TIMEOUT = 120  # seconds to start, with crash recovery after a kill -9
_PROCESSES = Path("/proc")  # Linux has it, macOS has not
_CONFIGURATION = """
# written by baselib when this server was made
listen_addresses = ''
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
_THROWAWAY = """
fsync = off
synchronous_commit = off
full_page_writes = off
"""
# Given at every start, so that they hold for homes of any age. Values of personal data are in the
# statements that fail and in the details of errors ("Key (citizen_id)=(...) already exists"), which
# go to whoever sent the statement, and must not go to the log.
_LOG_OPTIONS = (
    "log_min_messages=log",  # above error: whatever fails is told to the client only
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_statement=none",
    "log_min_duration_statement=-1",
    "log_parameter_max_length=0",
)


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

    def make_throwaway(self) -> None:
        """Make a server, not started yet, that waits for no disk: nobody needs it after a crash."""
        with self._lock():
            if not (self.data / "PG_VERSION").exists():
                self._initialise(("--no-sync",), _CONFIGURATION + _THROWAWAY)

    def socket_dir(self) -> Path | None:
        """The folder of the socket when the server accepts connections, else ``None``."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if len(lines) < 8 or lines[7].strip() != "ready" or lines[1] != str(self.data):
            return None  # of a copied or moved folder, it leads to the server of the original
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(f"{lines[4]}/.s.PGSQL.{_PORT}")
            except OSError:
                return None
        return Path(lines[4])

    def stop(self, *, for_good: bool = False) -> None:
        """Stop the server, if it runs; open connections are cut.

        Args:
            for_good: Nobody needs what it holds: it writes nothing more, which may take minutes.

        Raises:
            DatabaseUnavailable: it still runs after two minutes.
        """
        if not (self.data / "postmaster.pid").exists():
            return
        with self._lock():
            pid = self._server_process()
            if pid is None:
                return
            # PostgreSQL's "immediate shutdown" and "fast shutdown"
            os.kill(pid, signal.SIGQUIT if for_good else signal.SIGINT)
            deadline = time.monotonic() + _TIMEOUT
            while self._server_process() == pid:
                if time.monotonic() > deadline:
                    raise DatabaseUnavailable(str(self.folder), "it does not stop")
                time.sleep(0.05)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        home = self.folder.parent
        make_private(home)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        let_server_pass(home, self.folder)
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _initialise(self, options: Sequence[str] = (), configuration: str = _CONFIGURATION) -> None:
        """Run initdb beside the data directory and rename it into place: all of it or nothing."""
        for half_made in self.folder.glob("making-*"):
            shutil.rmtree(half_made)
        shutil.rmtree(self.data, ignore_errors=True)
        making = self.folder / f"making-{uuid4().hex[:8]}"
        making.mkdir(mode=0o700)
        give_to_server(making)
        arguments = ("--auth=trust", "--username=postgres", "--encoding=UTF8")
        collation = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        run_program("initdb", "-D", str(making), *arguments, *collation, *options)
        with (making / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(configuration)
        making.rename(self.data)

    def _socket_folder(self) -> Path:
        """The folder of the socket, named by this data directory's path and system identifier.

        A server whose folder was deleted or copied lives on, and removes its socket when it ends:
        it must not be that of another server.
        """
        with (self.data / "global" / "pg_control").open("rb") as control:
            identifier = control.read(8)
        token = hashlib.sha256(str(self.data).encode() + identifier).hexdigest()[:8]
        near = self.folder / f"run-{token}"
        fits = len(str(near).encode()) + len(f"/.s.PGSQL.{_PORT}") <= _LONGEST_SOCKET
        plain = fits and _PLAIN_PATH.match(str(near))
        return near if plain else Path(tempfile.gettempdir()) / f"baselib-{token}"

    def _start(self) -> None:
        socket_dir = self._socket_folder()
        self._make_private_files(socket_dir)
        deadline = time.monotonic() + _TIMEOUT
        while time.monotonic() < deadline and not self.socket_dir():
            if pid := self._server_process():  # it recovers from a crash, or is about to end
                if not self._is_at_home():
                    os.kill(pid, signal.SIGINT)  # the folder was moved while the server ran
                time.sleep(0.1)
                continue
            self._remove_stale_files(socket_dir)
            try:
                self._run_server(socket_dir)
            except DatabaseUnavailable:
                # After a kill -9 its children hold the shared memory for a moment.
                if "shared memory" not in self._log_tail():
                    raise DatabaseUnavailable(str(self.folder), self._log_tail()) from None
                time.sleep(0.2)

    def _make_private_files(self, socket_dir: Path) -> None:
        """The folder of the socket and the log, for the server's user only."""
        socket_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if socket_dir.lstat().st_uid not in (os.geteuid(), server_uid()):
            raise DatabaseUnavailable(str(socket_dir), "the socket folder belongs to someone else")
        self.log.touch(mode=0o600)
        self.log.chmod(0o600)  # that of an earlier version was open to everybody
        for path in (socket_dir, self.log):
            give_to_server(path)

    def _run_server(self, socket_dir: Path) -> None:
        settings = (*_LOG_OPTIONS, f"unix_socket_directories={socket_dir}")
        options = " ".join(f"-c {setting}" for setting in settings)
        run_program(
            *("pg_ctl", "-D", str(self.data), "-l", str(self.log), "-o", options),
            *("-w", "-t", str(_TIMEOUT), "start"),
        )

    def _is_at_home(self) -> bool:
        """Whether the server was started under the path that its folder has now."""
        lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return len(lines) < 2 or lines[1] == str(self.data)

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
                return pid if self._is_at_home() else None
            # Not the path that it was started with: a moved folder's server works in the folder,
            # and that of the original works in the original.
            return pid if (_PROCESSES / str(pid) / "cwd").samefile(self.data) else None
        except (OSError, IndexError, ValueError):
            return None

    def _remove_stale_files(self, socket_dir: Path) -> None:
        """Remove lock files of a killed server; without /proc that is left to PostgreSQL."""
        if _PROCESSES.exists():
            for left in (self.data / "postmaster.pid", *socket_dir.glob(".s.PGSQL.*")):
                left.unlink(missing_ok=True)
            for former in set(self.folder.glob("run-*")) - {socket_dir}:  # of where it came from
                shutil.rmtree(former)

    def _log_tail(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(lines[-5:])
