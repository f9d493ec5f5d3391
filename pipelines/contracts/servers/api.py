"""HTTP APIs as deliveries: an address, how pages follow one another, what says that one failed."""

from open_data_contract_standard.model import Server as OdcsServer

from pipelines.contracts.faults import Faults
from pipelines.contracts.options import read_options
from pipelines.contracts.servers.addresses import (
    check_placeholders,
    check_secret,
    check_url,
    check_variables,
    hidden,
    refuse_password,
    without_placeholders,
)
from pipelines.contracts.servers.completeness import read_min_rows
from pipelines.contracts.source import Server

PROPERTIES = (
    "records_path", "next_path", "page_parameter", "cursor_parameter", "watermark_column", "secret",
    "success_path", "success_values", "message_path", "total_path", "min_rows",
)  # fmt: skip


def build_api(server: OdcsServer, faults: Faults) -> Server:
    """The server of a ``type: api``."""
    extra = read_options(server.customProperties, PROPERTIES, "servers[0]", faults)
    extra.require("success_path", "success_values")
    extra.require("success_values", "success_path")
    location = server.location or ""
    _check_address(location, faults)
    usual = Server(kind="api", format="api", location=location)

    def path(name: str, default: str) -> str:
        written = extra.text(name)
        return default if written is None else written

    return Server(
        kind="api",
        format="api",
        location=location,
        records_path=path("records_path", usual.records_path),
        next_path=path("next_path", usual.next_path),
        page_parameter=extra.line("page_parameter") or usual.page_parameter,
        cursor_parameter=extra.line("cursor_parameter"),
        watermark_column=extra.line("watermark_column"),
        secret=check_secret(extra.text("secret"), "servers[0].customProperties.secret", faults),
        success_path=extra.line("success_path"),
        success_values=extra.texts("success_values"),
        message_path=extra.line("message_path"),
        total_path=extra.line("total_path"),
        min_rows=read_min_rows(extra),
    )


def _check_address(location: str, faults: Faults) -> None:
    where = "servers[0].location"
    scheme, separator, rest = location.partition("://")
    is_http = bool(separator) and scheme in {"http", "https"} and rest.strip("/") != ""
    if not is_http and not location.startswith("${BASELIB_"):
        faults.add(
            where,
            hidden(location),
            "This is no HTTP address.",
            "Write https://host/path; {batch} and {watermark} in it are replaced.",
        )
        return
    refuse_password(where, location, faults)
    check_placeholders(where, location, {"batch", "watermark"}, faults)
    check_variables(where, location, faults)
    before = len(faults.found)
    check_url(where, location, faults)
    if len(faults.found) == before:
        _refuse_unusable(where, location, faults)


def _refuse_unusable(where: str, location: str, faults: Faults) -> None:
    """Refuse what the HTTP client that will ask does not take, such as a host that none can be."""
    from httpx import URL, InvalidURL  # takes a while, and few contracts need it

    try:
        URL(without_placeholders(location))
    except InvalidURL:
        problem = "No HTTP client takes this address."
        faults.add(where, hidden(location), problem, "Check the name of the host.")
