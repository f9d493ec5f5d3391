"""Dump and restore one database with PostgreSQL's own programs, and the roles that it grants to."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, Engine, make_url, text

from pipelines.errors import DatabaseUnavailable
from pipelines.warehouse.server.database import shown_url
from pipelines.warehouse.server.programs import program_environment, programs_folder

SERVICE_LOGIN = "serve_login"  # the one login that is baselib's own; sites make all others
_ROLES = text("""
SELECT DISTINCT role.rolname, has_database_privilege(role.rolname, current_database(), 'CONNECT')
FROM pg_roles AS role
WHERE NOT role.rolsuper AND (NOT role.rolcanlogin OR role.rolname = 'serve_login')
    AND role.rolname !~ '^pg_' ORDER BY 1
""")


def dump_database(url: str, file: Path) -> None:
    """Write the database as one consistent state to ``file`` (PostgreSQL's custom format).

    Raises:
        DatabaseUnavailable: pg_dump could not read it.
    """
    options = ("--format=custom", "--no-owner", f"--file={file}")
    _run_client("pg_dump", url, *options)


def restore_database(url: str, file: Path) -> None:
    """Fill an empty database from a dump, all of it or nothing. The roles must be there.

    Raises:
        DatabaseUnavailable: pg_restore could not write it.
    """
    # What initdb makes in every database is in the way of what the dump says of it.
    options = ("--no-owner", "--clean", "--if-exists", "--single-transaction", "--exit-on-error")
    _run_client("pg_restore", url, *options, str(file))


def read_roles(engine: Engine) -> dict[str, bool]:
    """The group roles of the server, and whether each may connect to this database."""
    with engine.connect() as connection:
        return {str(name): bool(connects) for name, connects in connection.execute(_ROLES)}


def create_roles(connection: Connection, roles: Mapping[str, bool]) -> None:
    """Create the roles that are missing, and let the login act as steward."""
    quote = connection.dialect.identifier_preparer.quote
    database = quote(str(connection.execute(text("SELECT current_database()")).scalar_one()))
    known = {str(name) for (name,) in connection.execute(text("SELECT rolname FROM pg_roles"))}
    for name, connects in roles.items():
        if name not in known:
            login = "LOGIN" if name == SERVICE_LOGIN else "NOLOGIN"
            connection.execute(text(f"CREATE ROLE {quote(name)} {login} NOINHERIT"))
        if connects:
            connection.execute(text(f"GRANT CONNECT ON DATABASE {database} TO {quote(name)}"))
    if "steward" in roles:
        connection.execute(text("GRANT steward TO CURRENT_USER"))


def _run_client(program: str, url: str, *options: str) -> None:
    """The password goes by the environment: arguments are for everybody on the machine to read."""
    parsed = make_url(url)
    password = {"PGPASSWORD": parsed.password} if parsed.password else {}
    bare = parsed.set(password=None).render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603 - our own program and paths
        [str(programs_folder() / program), f"--dbname={bare}", *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=program_environment() | {"HOME": os.environ.get("HOME", "/")} | password,
    )
    if done.returncode:  # without the details, which quote values
        first = next((line for line in done.stderr.splitlines() if "error" in line), program)
        raise DatabaseUnavailable(shown_url(url), first.strip()[:300])
