"""The finding profile counts rows, set-based, and is never empty where policy looks at it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from pipelines.clean.parsing.findings import FINDING_TYPE
from pipelines.contracts.source import Source
from pipelines.quality.profile import PROFILE_SCHEMA, finding_profile

STAGED = ibis.schema(
    {
        "_file": "string",
        "_line": "int64",
        "citizen_id": "string",
        "mobile": "string",
        "findings": f"array<{FINDING_TYPE}>",
    }
)
QUARANTINE = ibis.schema(
    {
        "_file": "string",
        "_line": "int64",
        "findings": f"array<{FINDING_TYPE}>",
        "reasons": "array<string>",
    }
)


def _finding(column: str, rule: str, severity: str = "error") -> Mapping[str, str]:
    return {"column": column, "rule": rule, "severity": severity, "value": "secret"}


def _table(columns: Mapping[str, Sequence[object]], schema: ibis.Schema) -> ir.Table:
    return ibis.memtable(pa.table(dict(columns), schema=schema.to_pyarrow()))


def _staged(*rows: tuple[str | None, str | None, list[Mapping[str, str]]]) -> ir.Table:
    return _table(
        {
            "_file": ["a.csv"] * len(rows),
            "_line": list(range(2, 2 + len(rows))),
            "citizen_id": [row[0] for row in rows],
            "mobile": [row[1] for row in rows],
            "findings": [row[2] for row in rows],
        },
        STAGED,
    )


def _quarantined(*rows: tuple[list[str], list[Mapping[str, str]]]) -> ir.Table:
    return _table(
        {
            "_file": ["a.csv"] * len(rows),
            "_line": list(range(100, 100 + len(rows))),
            "findings": [row[1] for row in rows],
            "reasons": [row[0] for row in rows],
        },
        QUARANTINE,
    )


Profile = Mapping[tuple[str, str | None, str | None], Mapping[str, Any]]


@pytest.fixture
def profile(make_source: Callable[..., Source]) -> Callable[[ir.Table, ir.Table], Profile]:
    """Rows of the profile by measure, column and rule."""

    def measure(staged: ir.Table, quarantined: ir.Table) -> Profile:
        table = finding_profile(staged, quarantined, make_source())
        assert table.schema() == PROFILE_SCHEMA
        rows = ibis.duckdb.connect().to_pyarrow(table).to_pylist()
        by_key = {(row["measure"], row["column_name"], row["rule"]): row for row in rows}
        assert len(by_key) == len(rows)
        return by_key

    return measure


def test_rows_are_counted_once_per_measure(
    profile: Callable[[ir.Table, ir.Table], Profile],
) -> None:
    found = profile(
        _staged(
            ("1", None, []),
            (None, None, [_finding("citizen_id", "LENGTH"), _finding("citizen_id", "CHARSET")]),
            ("3", "x", [_finding("citizen_id", "NORMALISED", "info")]),
        ),
        _quarantined((["NO_KEY", "NO_IDENTITY"], [_finding("citizen_id", "LENGTH")])),
    )
    shares = {key: (row["row_count"], round(row["share"], 4)) for key, row in found.items()}
    assert shares == {
        ("finding", "citizen_id", "LENGTH"): (2, 0.5),
        ("finding", "citizen_id", "CHARSET"): (1, 0.25),
        ("finding", "citizen_id", "NORMALISED"): (1, 0.25),
        ("column_with_error", "citizen_id", None): (2, 0.5),
        ("column_with_error", "mobile", None): (0, 0.0),
        ("column_missing", "citizen_id", None): (1, 0.3333),
        ("column_missing", "mobile", None): (2, 0.6667),
        ("quarantine_reason", None, "NO_KEY"): (1, 0.25),
        ("quarantine_reason", None, "NO_IDENTITY"): (1, 0.25),
        ("quarantined", None, None): (1, 0.25),
    }


def test_rows_that_are_no_records_count_in_no_share(
    profile: Callable[[ir.Table, ir.Table], Profile],
) -> None:
    """A header within and a total below are set aside, and nothing is lost with them."""
    found = profile(
        _staged(("1", "x", []), ("2", "x", [_finding("mobile", "LENGTH")])),
        _quarantined((["REPEATED_HEADER"], []), (["FOOTER_ROW"], []), (["FOOTER_ROW"], [])),
    )
    assert found["quarantined", None, None]["row_count"] == 0
    assert found["column_with_error", "mobile", None]["share"] == 0.5
    assert found["quarantine_reason", None, "FOOTER_ROW"]["row_count"] == 2


def test_columns_carry_element_and_requirement(
    profile: Callable[[ir.Table, ir.Table], Profile],
) -> None:
    found = profile(_staged(("1", "x", [_finding("citizen_id", "LENGTH")])), _quarantined())
    for key in [("finding", "citizen_id", "LENGTH"), ("column_missing", "citizen_id", None)]:
        assert (found[key]["element"], found[key]["required"]) == ("citizen_id", True)
    assert found["column_missing", "mobile", None]["required"] is False
    assert found["finding", "citizen_id", "LENGTH"]["severity"] == "error"


def test_a_placeholder_is_missing_rather_than_wrong(
    profile: Callable[[ir.Table, ir.Table], Profile],
) -> None:
    found = profile(_staged(("1", None, [_finding("mobile", "PLACEHOLDER")])), _quarantined())
    assert found["finding", "mobile", "PLACEHOLDER"]["row_count"] == 1
    assert found["column_with_error", "mobile", None]["row_count"] == 0
    assert found["column_missing", "mobile", None]["row_count"] == 1


def test_an_empty_batch_has_shares_of_zero(
    profile: Callable[[ir.Table, ir.Table], Profile],
) -> None:
    found = profile(_staged(), _quarantined())
    assert {row["share"] for row in found.values()} == {0.0}
    assert ("quarantined", None, None) in found


def test_a_column_without_a_contract_keeps_its_findings(
    profile: Callable[[ir.Table, ir.Table], Profile],
) -> None:
    found = profile(_staged(("1", "x", [_finding("other", "LENGTH")])), _quarantined())
    assert found["finding", "other", "LENGTH"]["element"] is None
