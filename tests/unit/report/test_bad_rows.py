"""What leaves the database is masked: by the column's element, and by what was found in it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from pipelines.clean.parsing.findings import FINDING_TYPE
from pipelines.contracts.source import Owner, Reporting, Server, Source, SourceColumn
from pipelines.engines import kept_sql
from pipelines.report.owner.bad_rows import (
    affected_entities,
    bad_rows,
    examples,
    impact,
    key_mask,
    masked,
)
from pipelines.report.repair_sheet.columns import COLUMNS as COLUMNS_OF_SHEET
from pipelines.report.repair_sheet.columns import PROBLEM, REPAIR
from pipelines.report.repair_sheet.rows import SheetWords, sheet_lines

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


def answer(rows):
    return kept_sql.connect().to_pyarrow(rows).to_pylist()


def listed(staged_findings, reasons=(), of=None, per_group=None, **how):
    declared = of or source()
    rows = bad_rows(*tables(staged_findings, reasons), declared, "site key", how.pop("other", None))
    rows = examples(rows, per_group) if per_group else rows
    return answer(masked(rows, declared, **how).order_by(["line", "rule"]))


@pytest.mark.parametrize(
    ("rule", "values", "shown"),
    [
        ("PLACEHOLDER", ["无"], ["无"]),
        ("UNKNOWN_CODE", ["再离", "再离"], ["再离", "再离"]),
        ("UNKNOWN_CODE", ["99"], ["99"]),
        ("UNKNOWN_CODE", ["张三"], ["**"]),  # once: it may be a name in the wrong column
        ("UNKNOWN_CODE", [NUMBER, NUMBER], ["1101*************X"] * 2),
        ("DATE_FORM", ["0000-00-00"], ["0000-00-00"]),
        ("DATE_FORM", ["1990-3"], ["******"]),
    ],
)
def test_what_failed_because_it_says_nothing_is_shown(rule, values, shown):
    """In the column of a citizen id, whose mask hides whatever is short."""
    rows = listed([finding("citizen_id", rule, value=value) for value in values])
    assert [row["value"] for row in rows] == shown


@pytest.mark.parametrize(
    ("column", "rule", "shown"),
    [
        ("citizen_id", "CHECK_DIGIT", "1101*************X"),
        ("uscc", "USCC_CHECK", "1101*************X"),  # in a wrong column, whatever the rule
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


def test_a_locked_workbook_shows_the_owner_his_own_values():
    (row,) = listed([finding("citizen_id", "CHECK_DIGIT")], original=True)
    assert (row["value"], row["source_key"]) == (NUMBER, "K2")
    assert "record_key" not in row


def test_an_issue_has_one_name_whatever_the_value():
    (one,) = listed([finding("citizen_id", "CHECK_DIGIT")])
    (later,) = listed([finding("citizen_id", "CHECK_DIGIT", value="another")])
    (elsewhere,) = listed([finding("uscc", "CHECK_DIGIT")])
    assert one["fingerprint"] == later["fingerprint"] != elsewhere["fingerprint"]


COMPARED = {
    "source": "string",
    "source_key": "string",
    "column_name": "string",
    "rule": "string",
    "severity": "string",
    "value": "string",
    "other_source": "string",
    "other_value": "string",
}


def compared(*rows):
    plain = {"source": "a__b", "rule": "USCC_CHECK", "severity": "warning", "value": NUMBER}
    return ibis.memtable([plain | row for row in rows], schema=ibis.schema(COMPARED))


def test_what_another_department_says_stands_beside_it_and_is_always_masked():
    other = compared(
        {"source_key": "K2", "column_name": "citizen_id", "other_source": "c__d",
         "other_value": NUMBER},
        {"source_key": "K2", "column_name": "citizen_id", "other_source": "e__f",
         "other_value": None},
        {"source_key": "K9", "column_name": "strange", "other_source": "c__d",
         "other_value": NUMBER},
        {"source_key": "K2", "column_name": "uscc", "other_source": "c__d",
         "other_value": None, "source": "another__source"},
    )  # fmt: skip
    rows = listed([finding("uscc", "USCC_CHECK")], other=other, original=True)
    told = [row for row in rows if row["other_source"]]
    assert [(row["line"], row["column"], row["other_source"]) for row in told] == [
        (2, "citizen_id", "c__d"),
        (None, "strange", "c__d"),
    ]
    assert [row["other_value"] for row in told] == ["1101*************X", "***"]
    assert len({row["fingerprint"] for row in rows}) == len(rows) == 3


def two_columns(original=False):
    """A row whose birth date contradicts its number, with what cleaning made of the number."""
    of = source((*COLUMNS, SourceColumn("birth_date", "日期", "birth_date")))
    told = finding("birth_date", "BIRTH_MISMATCH", "warning", "1949-12-13")
    staged, aside = tables([told])
    staged = staged.mutate(
        citizen_id=ibis.literal(NUMBER),
        citizen_id_birth_date=ibis.literal("1949-12-31").cast("date"),
    )
    rows = masked(bad_rows(staged, aside, of, "site key"), of, original=original)
    return answer(rows)[0], of


def test_of_two_columns_both_are_shown_and_how_they_differ():
    row, of = two_columns()
    assert (row["beside"], row["beside_value"]) == ("citizen_id", "1101*************X")
    assert row["differ"] == "年月同、日不同"
    assert two_columns(original=True)[0]["beside_value"] == NUMBER
    (line,) = sheet_lines([pa.RecordBatch.from_pylist([row])], SheetWords(of))
    problem, repair = line[COLUMNS_OF_SHEET.index(PROBLEM)], line[COLUMNS_OF_SHEET.index(REPAIR)]
    assert problem.endswith("（年月同、日不同；号码：1101*************X）")
    assert "“日期”和“号码”" in repair


def test_how_two_departments_differ_is_told_where_the_mask_leaves_nothing():
    other = compared(
        {"source_key": "K2", "column_name": "person_name", "rule": "DISAGREES_WITH_AUTHORITY",
         "value": "张三丰", "other_source": "c__d", "other_value": "张三风"},
        {"source_key": "K2", "column_name": "citizen_id", "rule": "DISAGREES_WITH_AUTHORITY",
         "value": NUMBER, "other_source": "c__d", "other_value": f"{NUMBER[:-2]}1X"},
        {"source_key": "K2", "column_name": "uscc", "rule": "DISAGREES_WITH_AUTHORITY",
         "value": "A", "other_source": "c__d", "other_value": "B"},
        {"source_key": "K2", "column_name": "marital_code", "rule": "DISAGREES_WITH_AUTHORITY",
         "value": "10", "other_source": "c__d", "other_value": "20"},
    )  # fmt: skip
    rows = listed([], other=other)
    assert {row["column"]: row["differ"] for row in rows} == {
        "person_name": "差一个字",
        "citizen_id": "差一位",
        "uscc": None,  # it is shown
        "marital_code": "大类不同",  # and not: 差一个字
    }


@pytest.mark.parametrize("library", ["population", "legal_entity", "e_license"])
def test_every_library_has_its_rows_masked_whatever_codes_it_has(library):
    rows = listed([finding("uscc", "USCC_CHECK")], of=replace(source(), library=library))
    assert [row["differ"] for row in rows] == [None]


def test_harm_counts_entities_and_a_record_of_none_as_one():
    findings = [finding("citizen_id", "CHECK_DIGIT")] * 4 + [finding("uscc", "USCC_CHECK")]
    rows = bad_rows(*tables(findings, ["NO_KEY"]), source(), "site key")
    records = ibis.memtable(
        [{"source_key": f"K{n}", "entity_id": "P1" if n < 4 else "P2"} for n in (2, 3, 4, 6)]
    )
    found = {(row["column"], row["rule"]): row for row in answer(impact(rows, records))}
    number = found["citizen_id", "CHECK_DIGIT"]
    assert (number["rows"], number["entities"], number["between"]) == (4, 3, False)  # P1, P2, K5
    assert found["uscc", "USCC_CHECK"]["entities"] == 1
    assert found[None, "NO_KEY"]["entities"] == 1
    con = kept_sql.connect()
    assert con.execute(affected_entities(rows, records)) == 4  # P1, P2, K5, a row without a key
    assert con.execute(affected_entities(rows, None)) == 6


def test_what_earlier_batches_delivered_is_counted_apart():
    differs = {"column_name": "uscc", "rule": "DISAGREES_WITH_AUTHORITY", "value": "A",
               "other_source": "c__d", "other_value": "B"}  # fmt: skip
    other = compared({"source_key": "K2", **differs}, {"source_key": "elsewhere", **differs})
    rows = bad_rows(*tables([finding("uscc", "USCC_CHECK")]), source(), "site key", other)
    found = {row["rule"]: (row["rows"], row["earlier"]) for row in answer(impact(rows, None))}
    assert found == {"USCC_CHECK": (1, 0), "DISAGREES_WITH_AUTHORITY": (2, 1)}


def told_of_lines(*lines, of=None, columns=4):
    """The value that is shown for each (rule, text)."""
    kinds = {
        "_file": "string", "_line": "int64", "source_key": "string", "reasons": "array<string>",
        "findings": f"array<{FINDING_TYPE}>", "record": "map<string, string>",
    }  # fmt: skip
    rows = [
        {"_file": "f.csv", "_line": n, "source_key": None, "findings": [], "reasons": [rule],
         "record": {"号码": None, "_text": text}}
        for n, (rule, text) in enumerate(lines)
    ]  # fmt: skip
    set_aside = ibis.memtable(rows, schema=ibis.schema(kinds))
    staged = tables([])[0]
    declared = of or source()
    found = bad_rows(staged, set_aside, declared, "site key", columns=columns)
    return [row["value"] for row in answer(masked(found, declared).order_by("line"))]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1,2,3", "3 个字段，应为 4 个"),
        ("1,2,3,4,5", "5 个字段，应为 4 个"),
        ('1,"a,b",3', "3 个字段，应为 4 个"),
        ('1,"a""x,",3', "3 个字段，应为 4 个"),
        ("1,2,3,4", "4 个字段"),  # of another file of the delivery
    ],
)
def test_a_ragged_line_has_its_number_of_fields(text, shown):
    assert told_of_lines(("RAGGED_LINE", text)) == [shown]


def test_fields_are_counted_as_the_contract_separates_them():
    of = replace(source(), server=Server("file", "csv", "x", delimiter="|@|", quote=None))
    assert told_of_lines(("RAGGED_LINE", '1|@|"2|@|3'), of=of) == ["3 个字段，应为 4 个"]
    of = replace(source(), server=Server("file", "xlsx", "x"))
    assert told_of_lines(("RAGGED_LINE", "1\t\t3\t4\t5\t\t"), of=of) == ["5 个字段，应为 4 个"]


def test_of_bytes_that_do_not_decode_only_the_first_is_shown():
    text = r"1,\xD5\xC5\xC8\xFD,3"  # in another encoding, a name
    (shown,) = told_of_lines(("UNDECODABLE_BYTES", text))
    assert shown == r"第 2 个字段起有 4 个字节无法识别，第一个为 \xD5"
    english = replace(source(), reporting=Reporting(language="en"))
    (shown,) = told_of_lines(("UNDECODABLE_BYTES", text), of=english)
    assert shown == r"4 byte(s) that do not decode, from field 2 on; the first: \xD5"


def test_of_other_lines_nothing_is_quoted():
    lines = [("MIXED_ENCODING", "张三"), ("MALFORMED_LINE", '1,"a'), ("NO_KEY", None)]
    assert told_of_lines(*lines) == [None, None, None]


@pytest.mark.parametrize(
    ("elements", "mask"),
    [
        ([None], "none"),
        ([None, None], "none"),
        (["citizen_id"], "identity_number"),
        (["person_name"], "person_name"),
        (["citizen_id", None], "all"),  # 3-6 shown of "number|3" would be somebody's number
        ([None, "citizen_id"], "all"),
        (["person_name", "citizen_id"], "all"),
    ],
)
def test_a_key_of_several_columns_is_hidden_wholly_if_one_of_them_is(elements, mask):
    columns = [
        SourceColumn(f"column_{n}", f"列{n}", element, primary_key=True)
        for n, element in enumerate(elements)
    ]
    assert key_mask(source(columns)) == mask
