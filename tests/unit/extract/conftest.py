"""A small department whose contract the tests bend as they need."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.contracts.source import Owner, Server, Source, SourceColumn

SOURCE = Source(
    name="civil_affairs__tests",
    title="测试数据",
    library="population",
    file=Path("/contracts/civil_affairs__tests.yml"),
    server=Server(kind="file", format="csv", location="unset"),
    columns=(
        SourceColumn("source_key", "编号", primary_key=True),
        SourceColumn("person_name", "姓名", element="person_name"),
    ),
    owner=Owner("示范市民政局", "", ("a@example.gov.cn",)),
    delivery="snapshot",
    schedule=None,
    frequency=timedelta(days=1),
)

MakeSource = Callable[..., Source]


@pytest.fixture(scope="session")
def source() -> Source:
    """Comma-separated text with the columns 编号 (the key) and 姓名."""
    return SOURCE


@pytest.fixture
def make_source(tmp_path: Path) -> MakeSource:
    """A source with some of its server's fields changed; ``delivery`` and ``columns`` too."""

    def make(**changes: object) -> Source:
        own = {name: changes.pop(name) for name in ("delivery", "columns") if name in changes}
        changes.setdefault("location", str(tmp_path / "in_{batch}.csv"))
        return replace(SOURCE, server=replace(SOURCE.server, **changes), **own)

    return make
