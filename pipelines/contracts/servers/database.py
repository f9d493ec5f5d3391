"""Databases as deliveries: a SQLAlchemy URL without a password, and a table or a query."""

import re
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from open_data_contract_standard.model import Server as OdcsServer

from pipelines.contracts.faults import Faults
from pipelines.contracts.options import Options, read_options
from pipelines.contracts.servers.addresses import (
    HOME,
    check_placeholders,
    check_secret,
    check_url,
    check_variables,
    hidden,
    refuse_password,
)
from pipelines.contracts.servers.completeness import read_min_rows
from pipelines.contracts.servers.files import read_encoding
from pipelines.contracts.source import Server

PROPERTIES = ("table", "query", "watermark_column", "secret", "user", "min_rows")
# What SQLAlchemy takes where a URL names no driver.
_DRIVERS = {
    "postgresql": "psycopg2", "sqlite": "sqlite3", "mysql": "MySQLdb", "mariadb": "MySQLdb",
    "oracle": "cx_Oracle", "mssql": "pyodbc", "dm": "dmPython", "kingbase": "ksycopg2",
}  # fmt: skip
_MODULES = {
    "pysqlite": "sqlite3", "mysqldb": "MySQLdb", "cx_oracle": "cx_Oracle", "dmpython": "dmPython",
}  # fmt: skip
_BUILT_IN = frozenset({"sqlite", "postgresql", "mysql", "mariadb", "oracle", "mssql"})
_DIALECTS = "sqlalchemy.dialects"  # the entry points by which SQLAlchemy finds all others
_SCHEME = re.compile(r"([a-z][a-z0-9]*)(?:\+([a-z][a-z0-9_]*))?", re.IGNORECASE)
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_PARAMETER = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")


def build_database(server: OdcsServer, home: Path, faults: Faults) -> Server:
    """The server of a ``type: postgres`` or ``custom``."""
    extra = read_options(server.customProperties, PROPERTIES, "servers[0]", faults)
    location = _url(server, extra, home, faults)
    table, query = extra.line("table"), extra.text("query")
    if (table is None) == (query is None):
        faults.add(
            "servers[0].customProperties",
            None,
            "A database delivery is one table or one query.",
            "Give exactly one of the properties table and query.",
        )
    if query is not None:
        _check_query(query, faults)
    return Server(
        kind="database",
        format="table",
        location=location,
        encoding=read_encoding(server.encoding, "servers[0].encoding", faults),
        table=_with_schema(table, server.schema_),
        query=query,
        watermark_column=extra.line("watermark_column"),
        secret=check_secret(extra.text("secret"), "servers[0].customProperties.secret", faults),
        min_rows=read_min_rows(extra),
    )


def _check_query(query: str, faults: Faults) -> None:
    """A query reads; its parameters are those that we fill in."""
    where, code = "servers[0].customProperties.query", _LITERAL.sub("''", query)
    if not re.match(r"\s*(SELECT|WITH)\b", code, re.IGNORECASE):
        faults.add(where, query, "This is no query that reads.", "Begin with SELECT or WITH.")
    for name in _PARAMETER.findall(code):
        faults.one_of(where, f":{name}", (":watermark", ":batch"), "a parameter")


def _with_schema(table: str | None, schema: str | None) -> str | None:
    return f"{schema}.{table}" if table and schema and "." not in table else table


def _url(server: OdcsServer, extra: Options, home: Path, faults: Faults) -> str:
    if server.type == "custom" or server.location:
        url = _given_url(server.location, home, faults)
        if url and server.type != "custom" and not url.startswith("postgresql"):
            problem = "This is no address of PostgreSQL."
            remedy = "Write postgresql://user@host:5432/database, or type: custom."
            faults.add("servers[0].location", hidden(url), problem, remedy)
        return url
    missing = [n for n in ("host", "port", "database", "schema_") if not getattr(server, n)]
    for name in missing:
        faults.add(
            f"servers[0].{name.rstrip('_')}",
            None,
            "It is missing.",
            "ODCS requires it for PostgreSQL; or give the whole address in location.",
        )
    if missing:
        return ""
    user = extra.line("user")
    login = f"{quote(user, safe='')}@" if user else ""
    database = quote(str(server.database), safe="")
    url = f"postgresql+psycopg2://{login}{server.host}:{server.port}/{database}"
    refuse_password("servers[0].host", url, faults)
    check_url("servers[0].host", url, faults)
    return url


def _given_url(location: str | None, home: Path, faults: Faults) -> str:
    where = "servers[0].location"
    scheme, separator, rest = (location or "").partition("://")
    if not location or not separator or not _SCHEME.fullmatch(scheme):
        faults.add(
            where,
            location,
            "This is no SQLAlchemy URL.",
            "Write for example "
            "sqlite:///registry.db or postgresql+psycopg2://reader@host:5432/database.",
        )
        return ""
    refuse_password(where, location, faults)
    check_placeholders(where, location, {"batch"}, faults)
    scheme = re.sub("^postgres(?=$|[+])", "postgresql", scheme)  # SQLAlchemy has no other name
    _check_driver(where, scheme, faults)
    if scheme.startswith("sqlite"):
        return _sqlite(where, scheme, rest, home, faults)
    check_variables(where, location, faults)
    check_url(where, location, faults)
    if "${" in location:
        problem = "Variables are not replaced in the address of a database."
        faults.add(where, location, problem, "Write it in full.")
    return f"{scheme}://{rest}"


def _sqlite(where: str, scheme: str, rest: str, home: Path, faults: Faults) -> str:
    path = rest.removeprefix("/")
    if not path.strip("/") or not path.isprintable() or not rest.startswith("/"):
        faults.add(where, rest, "This names no file.", "Write sqlite:///registry.db.")
        return ""
    if "$" in path.removeprefix(HOME):
        problem = "Only ${BASELIB_HOME} is replaced, at the beginning."
        faults.add(where, path, problem, "Write the path itself.")
    if path.startswith(HOME):
        return f"{scheme}:///{home}{path.removeprefix(HOME)}"
    return f"{scheme}:///{faults.file.parent.resolve() / path}"


def _check_driver(where: str, scheme: str, faults: Faults) -> None:
    """A database can be read where its driver is installed."""
    dialect, _, driver = scheme.lower().partition("+")
    if dialect not in _BUILT_IN and not _is_dialect(dialect, driver):
        faults.add(
            where,
            scheme,
            f"SQLAlchemy has no dialect {dialect}.",
            "Install its package beside baselib, or correct it: docs/sources.md lists addresses.",
        )
        return
    module = _MODULES.get(driver, driver) if driver else _DRIVERS.get(dialect, dialect)
    if not _installed(module):
        faults.add(
            where,
            scheme,
            f"The driver {module} for this database is not installed.",
            "Install it beside baselib, or correct dialect and driver: dialect+driver://…",
        )


def _is_dialect(dialect: str, driver: str) -> bool:
    names = {dialect, f"{dialect}.{driver}"}
    return any(each.name.lower() in names for each in entry_points(group=_DIALECTS))


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
