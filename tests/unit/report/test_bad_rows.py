"""What leaves the database is masked: by the column's element, and by what was found in it."""

from datetime import timedelta
from pathlib import Path

import ibis
import pytest

from pipelines.clean.parser import FINDING_TYPE
from pipelines.contracts import Owner, Server, Source, SourceColumn
from pipelines.report.bad_rows import bad_rows, examples

COLUMNS = (
    SourceColumn("source_key", "编号", primary_key=True),
    SourceColumn("citizen_id", "号码", "citizen_id"),
    SourceColumn("uscc", "代码", "uscc"),
)
NUMBER = "11010519491231002X"


def source(columns=COLUMNS):
    return Source(
        name="a__b",
        title="登记",
        library="population",
        file=Path("x.yml"),
        server=Server("file", "csv", "x.csv"),
        columns=columns,
        owner=Owner("局", "科", ("o@example.gov.cn",)),
        delivery="snapshot",
        schedule=None,
        frequency=timedelta(days=1),
    )


def finding(column, rule, severity="error", value=NUMBER):
    return {"column": column, "rule": rule, "severity": severity, "value": value}


def tables(staged_findings, reasons=()):
    schema = {
        "_file": "string",
        "_line": "int64",
        "source_key": "string",
        "findings": f"array<{FINDING_TYPE}>",
    }
    staged = [
        {"_file": "f.csv", "_line": n, "source_key": f"K{n}", "findings": [each]}
        for n, each in enumerate(staged_findings, start=2)
    ]
    set_aside = [
        {"_file": "f.csv", "_line": 90 + n, "source_key": None, "findings": [], "reasons": [reason]}
        for n, reason in enumerate(reasons)
    ]
    return (
        ibis.memtable(staged, schema=ibis.schema(schema)),
        ibis.memtable(set_aside, schema=ibis.schema(schema | {"reasons": "array<string>"})),
    )


def listed(staged_findings, reasons=(), of=None, per_group=None):
    rows = bad_rows(*tables(staged_findings, reasons), of or source())
    rows = examples(rows, per_group) if per_group else rows
    return ibis.duckdb.connect().to_pyarrow(rows.order_by(["line", "rule"])).to_pylist()


@pytest.mark.parametrize(
    ("column", "rule", "shown"),
    [
        ("citizen_id", "CHECK_DIGIT", "1101*************X"),
        ("uscc", "USCC_CHECK", NUMBER),
        ("uscc", "CITIZEN_ID_IN_USCC", "1101*************X"),
    ],
)
def test_a_value_is_masked_by_its_column_and_by_what_it_is(column, rule, shown):
    (row,) = listed([finding(column, rule)])
    assert row["value"] == shown
    assert (row["file"], row["line"], row["is_quarantined"]) == ("f.csv", 2, False)


def test_information_is_not_a_bad_row_and_a_reason_is():
    rows = listed([finding("citizen_id", "REGION_ABOLISHED", "info")], ["NO_KEY"])
    assert [(row["rule"], row["column"], row["is_quarantined"]) for row in rows] == [
        ("NO_KEY", None, True)
    ]


def test_a_key_that_is_a_citizen_id_is_masked_too():
    keyed = (SourceColumn("citizen_id", "号码", "citizen_id", primary_key=True), COLUMNS[2])
    rows = listed([finding("uscc", "USCC_CHECK")], of=source(keyed))
    assert rows[0]["source_key"] == "**"  # K2, too short to show any of it


def test_examples_are_the_first_of_each_kind():
    rows = listed([finding("citizen_id", "CHECK_DIGIT")] * 5, per_group=3)
    assert [row["line"] for row in rows] == [2, 3, 4]
