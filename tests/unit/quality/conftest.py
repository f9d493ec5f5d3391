"""A contract to measure against."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.contracts.source import Owner, Server, Source, SourceColumn


@pytest.fixture
def make_source() -> Callable[..., Source]:
    """``make_source(delivery="delta")``: two mapped columns, the first one key and required."""

    def make(**fields: object) -> Source:
        given: dict[str, object] = {
            "name": "public_security__household_registration",
            "title": "户籍登记",
            "library": "population",
            "file": Path("x.yml"),
            "server": Server("file", "csv", "x.csv"),
            "columns": [
                SourceColumn("citizen_id", "SFZH", "citizen_id", required=True, primary_key=True),
                SourceColumn("mobile", "SJHM", "mobile"),
            ],
            "owner": Owner("公安局", "户政", ["owner@example.org"]),
            "delivery": "snapshot",
            "schedule": None,
            "frequency": timedelta(days=1),
        }
        return Source(**(given | fields))  # type: ignore[arg-type]

    return make
