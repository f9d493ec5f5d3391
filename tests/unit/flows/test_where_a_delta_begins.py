"""A delta begins where the last delivery ended, whatever was delivered before that one."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipelines.contracts.source import Source
from pipelines.flows.source import ingest

REACHED = {"20260601": "5", "20260602": "7", "20260603": "9"}


def begins(delivery: str, reached: dict[str, str]) -> str | None:
    lake = SimpleNamespace(
        batches=lambda _table: list(reached),
        properties=lambda _table, batch: {"watermark": reached[batch]},
    )
    source = SimpleNamespace(name="health__records", delivery=delivery)
    return ingest._watermark(cast(Any, SimpleNamespace(lake=lake)), cast(Source, source))


@pytest.mark.parametrize(
    ("delivery", "reached", "expected"),
    [
        ("delta", REACHED, "9"),
        ("delta", {"20260601": "5"}, "5"),
        ("delta", {}, None),
        ("delta", {"20260601": "5", "20260602": ""}, None),  # of files: it has none
        ("snapshot", REACHED, None),
    ],
)
def test_a_delta_begins_where_the_last_of_three_batches_ended(delivery, reached, expected):
    assert begins(delivery, reached) == expected
