"""The department of ``small_department``, as fixtures."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from small_department import SOURCE

from pipelines.contracts.source import Source

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
