"""A small department whose contract the tests bend as they need."""

from datetime import timedelta
from pathlib import Path

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
