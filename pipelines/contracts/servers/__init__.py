"""Build a ``Server`` (where a delivery is found, and how it is read) from an ODCS server.

ODCS has a type for files (``local``), PostgreSQL (``postgres``, ``postgresql``) and HTTP (``api``);
every other database that SQLAlchemy reaches, SQLite for one, is ``type: custom`` with its URL in
``location``. What ODCS has no key for is a custom property of the server. One module for each kind
may be here; importing any is cheap.
"""

from pathlib import Path

from open_data_contract_standard.model import Server as OdcsServer

from pipelines.contracts.faults import Faults
from pipelines.contracts.servers.api import build_api
from pipelines.contracts.servers.database import build_database
from pipelines.contracts.servers.files import build_files
from pipelines.contracts.source import Server

__all__ = ["build_server"]


def build_server(server: OdcsServer, home: Path, faults: Faults) -> Server | None:
    """The ``Server`` that ``servers[0]`` describes; ``None`` with the reasons in ``faults``."""
    before = len(faults.found)
    if server.type == "local":
        built = build_files(server, home, faults)
    elif server.type in {"postgres", "postgresql", "custom"}:
        built = build_database(server, home, faults)
    elif server.type == "api":
        built = build_api(server, faults)
    else:
        faults.add(
            "servers[0].type",
            server.type,
            "No delivery of this type can be fetched.",
            "Write local, postgres, api, or custom with a SQLAlchemy URL in location.",
        )
        return None
    return built if len(faults.found) == before else None
