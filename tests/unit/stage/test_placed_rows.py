"""A row with a part of a name is of use where somebody may know him by telephone or address."""

from datetime import date, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.engines.texts import parsed_texts
from pipelines.stage import columns_to_parse, parse_rows, rename_delivered

AS_OF = date(2026, 6, 30)
ADDRESS = "示范省示范市和平区建设路18号"
ROWS = {
    "a telephone": ({"name": "王先生", "phone": "13933330001"}, []),
    "an address": ({"name": "老王", "home": ADDRESS}, []),
    "a masked name at an address": ({"name": "王*强", "home": ADDRESS}, []),
    "nothing else": ({"name": "王先生"}, ["NO_IDENTITY"]),
    "a telephone that is none": ({"name": "王哥", "phone": "0"}, ["NO_IDENTITY"]),
    "no part of a name": ({"name": "无", "phone": "13933330001"}, ["NO_IDENTITY"]),
    "a telephone alone": ({"name": None, "phone": "13933330001"}, ["NO_IDENTITY"]),
}


@pytest.fixture(scope="module")
def reasons(con):
    """Why each of ``ROWS`` is set aside."""
    columns = (
        SourceColumn("source_key", "no", None, primary_key=True),
        SourceColumn("person_name", "name", "person_name"),
        SourceColumn("mobile", "phone", "mobile"),
        SourceColumn("residence_address", "home", "address"),
    )
    source = Source(
        "transport__parcels", "包裹", "population", Path("parcels.yml"),
        Server(kind="file", format="csv", location="parcels.csv"), columns,
        Owner("示范市邮政管理局", "", ()), "snapshot", None, timedelta(days=1),
    )  # fmt: skip
    texts = ("no", "name", "phone", "home", "_batch", "_file", "_defect", "_text")
    kinds = {**dict.fromkeys(texts, "string"), "_line": "int64"}
    rows = [{"no": f"R{n}", "_line": n, **row} for n, (row, _) in enumerate(ROWS.values())]
    delivered = pa.table({name: [row.get(name) for row in rows] for name in kinds})
    raw = rename_delivered(ibis.memtable(delivered, schema=ibis.schema(kinds)), source)
    with parsed_texts(con, raw, columns_to_parse(source, raw), AS_OF) as parsed:
        made = con.to_pyarrow(parse_rows(raw, source, AS_OF, parsed).order_by("_line"))
    return dict(zip(ROWS, (row["reject_reasons"] for row in made.to_pylist()), strict=True))


@pytest.mark.parametrize("case", ROWS)
def test_a_part_of_a_name_needs_a_place(reasons, case):
    assert reasons[case] == ROWS[case][1]
