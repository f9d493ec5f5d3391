"""Build a ``Server`` (where a delivery is found, and how it is read) from an ODCS server.

ODCS has a type for files (``local``), PostgreSQL (``postgres``, ``postgresql``) and HTTP (``api``);
every other database that SQLAlchemy reaches, SQLite for one, is ``type: custom`` with its URL in
``location``. What ODCS has no key for is a custom property of the server: see ``PROPERTIES``.
"""

import codecs
import re
from collections.abc import Mapping
from pathlib import Path

from open_data_contract_standard.model import CustomProperty
from open_data_contract_standard.model import Server as OdcsServer

from pipelines.contracts.faults import Faults
from pipelines.contracts.source import Format, Server

FORMATS: Mapping[str, Format] = {
    "csv": "csv", "txt": "csv", "tsv": "csv", "dat": "csv",
    "xlsx": "xlsx", "excel": "xlsx",
    "jsonl": "jsonl", "ndjson": "jsonl",
    "parquet": "parquet",
}  # fmt: skip
PROPERTIES = {
    "local": ("sheet", "quote"),
    "database": ("table", "query", "watermark_column", "secret", "user"),
    "api": ("records_path", "next_path", "page_parameter", "watermark_column", "secret"),
}
# Each by the name under which it is written; Python decodes GBK and GB 2312 as GB18030, of which
# they are parts, so that a file with a later character in it is still read.
ENCODINGS = {
    "auto": "auto", "utf-8": "utf-8", "utf8": "utf-8", "utf-8-sig": "utf-8", "ascii": "utf-8",
    "gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030",
    "utf-16": "utf-16", "utf16": "utf-16", "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be",
    "utf-16le": "utf-16-le", "utf-16be": "utf-16-be",
    "big5": "big5hkscs", "cp950": "big5hkscs", "big5-hkscs": "big5hkscs", "big5hkscs": "big5hkscs",
}  # fmt: skip
DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "pipe": "|", "semicolon": ";"}
SECRET = re.compile(r"^[A-Z][A-Z0-9_]*$")
HOME = "${BASELIB_HOME}"
_PLACEHOLDER = re.compile(r"(?<!\$)\{([^{}]*)\}")
_HAS_PASSWORD = re.compile(r"^[a-z0-9+]+://[^/@:]*:[^/@]+@", re.IGNORECASE)


def build_server(server: OdcsServer, home: Path, faults: Faults) -> Server | None:
    """The ``Server`` that ``servers[0]`` describes; ``None`` with the reasons in ``faults``."""
    before = len(faults.found)
    kind = server.type or ""
    if kind == "local":
        built = _files(server, home, faults)
    elif kind in {"postgres", "postgresql", "custom"}:
        built = _database(server, home, faults)
    elif kind == "api":
        built = _api(server, faults)
    else:
        faults.add(
            "servers[0].type",
            kind,
            "No delivery of this type can be fetched.",
            "Write local, postgres, api, or custom with a SQLAlchemy URL in location.",
        )
        return None
    return built if len(faults.found) == before else None


def properties_of(
    given: list[CustomProperty] | None, allowed: tuple[str, ...], where: str, faults: Faults
) -> dict[str, str]:
    """Custom properties as a mapping; one that is not ``allowed`` or comes twice is a fault."""
    values: dict[str, str] = {}
    for index, each in enumerate(given or []):
        path, name = f"{where}.customProperties[{index}]", each.property or ""
        if faults.one_of(f"{path}.property", each.property, allowed, "a property known here"):
            if name in values:
                faults.add(path, name, "This property is given twice.", "Keep one of them.")
            values[name] = "" if each.value is None else str(each.value)
    return values


def _files(server: OdcsServer, home: Path, faults: Faults) -> Server:
    extra = properties_of(server.customProperties, PROPERTIES["local"], "servers[0]", faults)
    written = (server.format or "").lower()
    faults.one_of("servers[0].format", written or None, FORMATS, "a file format that can be read")
    location = _path_pattern(server.path, home, faults)
    return Server(
        kind="file",
        format=FORMATS.get(written, "csv"),
        location=location,
        encoding=_encoding(server.encoding, faults),
        delimiter=_delimiter(server.delimiter, written, faults),
        quote=_quote(extra.get("quote", '"'), faults),
        sheet=extra.get("sheet"),
    )


def _path_pattern(path: str | None, home: Path, faults: Faults) -> str:
    where = "servers[0].path"
    if not path:
        faults.add(
            where,
            path,
            "Nothing says where the files are.",
            "Write their path; {batch} in it stands for the batch id, and * for anything.",
        )
        return ""
    _check_placeholders(where, path, {"batch"}, faults)
    if path.count("[") != path.count("]"):
        faults.add(where, path, "A bracket of the pattern is not closed.", "Close it, or write ?.")
    if path.startswith("~") or ("$" in path and not path.startswith(HOME)):
        faults.add(
            where,
            path,
            "Only ${BASELIB_HOME} is replaced, at the beginning.",
            "Write the path itself; a relative one starts at this file.",
        )
    if path.startswith(HOME):
        return str(home) + path.removeprefix(HOME)
    return str(faults.file.parent.resolve() / path)


def _check_placeholders(where: str, text: str, allowed: set[str], faults: Faults) -> None:
    for name in _PLACEHOLDER.findall(text):
        faults.one_of(where, name, allowed, "a placeholder")
    if _PLACEHOLDER.sub("", text.replace("${", "{")).count("{") or "}" in _PLACEHOLDER.sub(
        "", re.sub(r"\$\{[^{}]*\}", "", text)
    ):
        faults.add(where, text, "A brace is not closed or not opened.", "Write {batch} in full.")


def _encoding(encoding: str | None, faults: Faults) -> str:
    written = (encoding or "utf-8").lower().replace("_", "-")
    faults.one_of("servers[0].encoding", written, ENCODINGS, "an encoding that can be read")
    return ENCODINGS.get(written, "utf-8")


def _delimiter(delimiter: str | None, written_format: str, faults: Faults) -> str:
    if delimiter is None:
        return "\t" if written_format == "tsv" else ","
    text = DELIMITERS.get(delimiter.lower(), delimiter)
    if "\\x" in text:
        text = codecs.decode(text, "unicode_escape")
    if not text or any(c in text for c in '"\r\n') or len(text) > 8:
        faults.add(
            "servers[0].delimiter",
            delimiter,
            "This cannot separate columns.",
            "Write the characters between two columns, for example ',', '|', tab or '|@|'.",
        )
        return ","
    return text


def _quote(quote: str, faults: Faults) -> str | None:
    if quote.lower() in {"none", "", "false"}:
        return None
    if quote not in {'"', "'"}:
        faults.add(
            "servers[0].customProperties.quote",
            quote,
            "This is no quotation mark.",
            "Write '\"', \"'\" or none.",
        )
    return quote


def _database(server: OdcsServer, home: Path, faults: Faults) -> Server:
    extra = properties_of(server.customProperties, PROPERTIES["database"], "servers[0]", faults)
    location = _url(server, extra, home, faults)
    if ("table" in extra) == ("query" in extra):
        faults.add(
            "servers[0].customProperties",
            None,
            "A database delivery is one table or one query.",
            "Give exactly one of the properties table and query.",
        )
    return Server(
        kind="database",
        format="table",
        location=location,
        table=_with_schema(extra.get("table"), server.schema_),
        query=extra.get("query"),
        watermark_column=extra.get("watermark_column"),
        secret=_secret(extra.get("secret"), faults),
    )


def _with_schema(table: str | None, schema: str | None) -> str | None:
    return f"{schema}.{table}" if table and schema and "." not in table else table


def _url(server: OdcsServer, extra: Mapping[str, str], home: Path, faults: Faults) -> str:
    if server.type == "custom":
        return _custom_url(server.location, home, faults)
    for name in ("host", "port", "database", "schema_"):
        if not getattr(server, name):
            faults.add(
                f"servers[0].{name.rstrip('_')}",
                None,
                "It is missing.",
                "ODCS requires it for PostgreSQL.",
            )
    user = f"{extra['user']}@" if extra.get("user") else ""
    return f"postgresql+psycopg2://{user}{server.host}:{server.port}/{server.database}"


def _custom_url(location: str | None, home: Path, faults: Faults) -> str:
    where = "servers[0].location"
    if not location or "://" not in location:
        faults.add(
            where,
            location,
            "This is no SQLAlchemy URL.",
            "Write for example "
            "sqlite:///registry.db or postgresql+psycopg2://reader@host:5432/database.",
        )
        return ""
    _refuse_password(where, location, faults)
    _check_placeholders(where, location, {"batch"}, faults)
    scheme, rest = location.split("://", 1)
    if not scheme.startswith("sqlite") or rest in {"", "/"}:
        return location
    path = rest.removeprefix("/")
    if path.startswith(HOME):
        return f"{scheme}:///{home}{path.removeprefix(HOME)}"
    return f"{scheme}:///{faults.file.parent.resolve() / path}"


def _refuse_password(where: str, url: str, faults: Faults) -> None:
    if _HAS_PASSWORD.match(url):
        hidden = re.sub(r"://.*@", "://…@", url)
        faults.add(
            where,
            hidden,
            "There is a password in the URL.",
            "Take it out, name it with the "
            "property secret: NAME, and set BASELIB_SECRET_NAME in the environment.",
        )


def _api(server: OdcsServer, faults: Faults) -> Server:
    extra = properties_of(server.customProperties, PROPERTIES["api"], "servers[0]", faults)
    where, location = "servers[0].location", server.location or ""
    if not location.startswith(("http://", "https://", "${BASELIB_")):
        faults.add(
            where,
            location,
            "This is no HTTP address.",
            "Write https://host/path; {batch} and {watermark} in it are replaced.",
        )
    _refuse_password(where, location, faults)
    _check_placeholders(where, location, {"batch", "watermark"}, faults)
    defaults = Server(kind="api", format="api", location=location)
    return Server(
        kind="api",
        format="api",
        location=location,
        records_path=extra.get("records_path", defaults.records_path),
        next_path=extra.get("next_path", defaults.next_path),
        page_parameter=extra.get("page_parameter", defaults.page_parameter),
        watermark_column=extra.get("watermark_column"),
        secret=_secret(extra.get("secret"), faults),
    )


def _secret(name: str | None, faults: Faults) -> str | None:
    if name is not None and not SECRET.match(name):
        faults.add(
            "servers[0].customProperties.secret",
            "…",
            "This must be the name of a secret, in capitals.",
            "Write for example HEALTH_DB, and set BASELIB_SECRET_HEALTH_DB.",
        )
        return None
    return name
