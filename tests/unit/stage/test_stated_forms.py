"""What a contract says of units, marks and the order of dates holds for every value."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import ibis
import pytest

from pipelines.contracts.source import SourceColumn
from pipelines.engines.texts import parsed_texts
from pipelines.stage import apply_conventions, columns_to_parse, parse_rows, rename_delivered
from tests.unit.stage.test_split import AS_OF, _source

MONEY = SourceColumn("registered_capital", "资本", "money")
DAY = SourceColumn("approval_date", "日期", "date")


@pytest.fixture(scope="module")
def stage(con):
    """Value, currency where it has one, and findings of each text of one column."""

    def staged(column, *texts):
        key = SourceColumn("source_key", "no", primary_key=True)
        source = _source((key, column), None)
        rows = {
            "no": [str(place) for place in range(len(texts))],
            column.physical_name: list(texts),
            **{name: ["x"] * len(texts) for name in ("_batch", "_file")},
            "_line": list(range(len(texts))),
            **{name: [None] * len(texts) for name in ("_defect", "_text")},
        }
        kinds = {name: "int64" if name == "_line" else "string" for name in rows}
        raw = rename_delivered(ibis.memtable(rows, schema=ibis.schema(kinds)), source)
        raw = apply_conventions(raw, source)
        with parsed_texts(con, raw, columns_to_parse(source, raw), AS_OF) as parsed:
            done = con.to_pyarrow(parse_rows(raw, source, AS_OF, parsed).order_by("_line"))
        return [
            (
                row[column.name],
                row.get(f"{column.name}_currency_code"),
                [(each["rule"], each["value"]) for each in row["findings"]],
            )
            for row in done.to_pylist()
        ]

    return staged


@pytest.mark.parametrize(
    ("says", "text", "value", "currency"),
    [
        ({"unit": "万元"}, "500", "5000000", "CNY"),
        ({"unit": "万元"}, " 1,234.5 ", "12345000", "CNY"),
        ({"unit": "万元"}, "５００", "5000000", "CNY"),
        ({"unit": "元"}, "500", "500", "CNY"),
        ({"unit": "万美元"}, "20", "200000", "USD"),
        ({"unit": "万"}, "20", "200000", "CNY"),
        ({"unit": "万元", "currency": "USD"}, "20", "200000", "USD"),
        ({"currency": "HKD"}, "20万", "200000", "HKD"),
        ({"unit": "万元"}, "20万美元", "200000", "USD"),  # what a value says itself stands
        ({"unit": "万元"}, "300亿元", "30000000000", "CNY"),
        ({"unit": "元", "decimal_mark": ",", "thousands_mark": "."}, "1.234,50", "1234.5", "CNY"),
        ({"decimal_mark": ",", "thousands_mark": "."}, "1.234,50 EUR", "1234.5", "EUR"),
        ({"unit": "元", "thousands_mark": "'"}, "1'234.50", "1234.5", "CNY"),
    ],
)
def test_a_bare_number_counts_what_the_contract_says(stage, says, text, value, currency):
    ((amount, code, findings),) = stage(replace(MONEY, **says), text)
    assert (amount, code) == (Decimal(value), currency)
    assert not [rule for rule, _ in findings if rule == "UNIT_MISSING"]


def test_what_is_no_number_or_nothing_is_left_to_the_parser(stage):
    column = replace(MONEY, unit="万元")
    texts = ["0", "0.00", "无", "约好", None, "", "-5"]
    assert stage(column, *texts) == stage(MONEY, *texts)


def test_without_a_unit_a_bare_number_is_a_finding(stage):
    ((amount, _, findings),) = stage(MONEY, "500")
    assert amount is None
    assert findings == [("UNIT_MISSING", "500")]


@pytest.mark.parametrize(
    ("order", "text", "day"),
    [
        ("dmy", "03/04/2026", date(2026, 4, 3)),
        ("mdy", "03/04/2026", date(2026, 3, 4)),
        ("dmy", "3.4.2026", date(2026, 4, 3)),
        ("dmy", "03042026", date(2026, 4, 3)),
        ("mdy", "03042026", date(2026, 3, 4)),
        ("dmy", "2026-04-03", date(2026, 4, 3)),  # no other order is possible
    ],
)
def test_dates_are_read_in_the_order_that_the_contract_says(stage, order, text, day):
    ((read, _, findings),) = stage(replace(DAY, date_order=order), text)
    assert (read, findings) == (day, [])


def test_findings_quote_what_was_delivered(stage):
    ((read, _, findings),) = stage(replace(DAY, date_order="dmy"), "31/02/2026")
    assert read is None
    assert [value for _, value in findings] == ["31/02/2026"]
