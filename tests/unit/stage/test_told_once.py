"""One fault is told once, and what was taken away from the list is judged all the same."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.engines.texts import parsed_texts
from pipelines.errors import DeclarationRefused
from pipelines.quality.measure import Delivered, batch_facts, count_batch
from pipelines.stage import columns_to_parse, parse_rows, rename_delivered, split_rows
from pipelines.standards.rules import load_rules

AS_OF = date(2026, 6, 30)
PEOPLE = Source(
    "public_security__people", "人口", "population", Path("people.yml"),
    Server(kind="file", format="csv", location="people.csv"),
    (
        SourceColumn("source_key", "no", None, primary_key=True, required=True),
        SourceColumn("person_name", "name", "person_name", required=True),
        SourceColumn("citizen_id", "id", "citizen_id", required=True),
    ),
    Owner("示范市公安局", "", ()), "snapshot", None, timedelta(days=1),
)  # fmt: skip
FIRMS = replace(
    PEOPLE, name="market_regulation__firms", library="legal_entity",
    columns=(
        SourceColumn("source_key", "no", None, primary_key=True, required=True),
        SourceColumn("entity_name", "name", "organization_name", required=True),
        SourceColumn("uscc", "id", "uscc"),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def parsed(con):
    """Rows of ``no, name, id`` as ``parse_rows`` makes them."""

    def go(source, *rows):
        kinds = dict.fromkeys(("no", "name", "id", "_batch", "_file"), "string")
        kinds |= {"_line": "int64", "_defect": "string", "_text": "string"}
        lines = [dict(zip(("no", "name", "id"), row, strict=True), _line=n, _file="f", _batch="b")
                 for n, row in enumerate(rows)]  # fmt: skip
        delivered = pa.table({name: [line.get(name) for line in lines] for name in kinds})
        raw = rename_delivered(ibis.memtable(delivered, schema=ibis.schema(kinds)), source)
        with parsed_texts(con, raw, columns_to_parse(source, raw), AS_OF) as texts:
            return con.to_pyarrow(parse_rows(raw, source, AS_OF, texts).order_by("_line"))

    return go


ROWS = {
    "month": ("1", "张三", "110101199013079999"),
    "digit": ("2", "李四", "110101199003079990"),
    "no key": ("", "张三", ""),
    "nobody": ("3", "", ""),
    "no number": ("4", "李四", ""),
}


@pytest.fixture(scope="module")
def people(parsed):
    """All of ``ROWS``, parsed at once."""
    return parsed(PEOPLE, *ROWS.values())


@pytest.fixture(scope="module")
def found(people):
    """Name of a row to its faults and the reasons why it is set aside."""
    return dict(zip(ROWS, told(people), strict=True))


def told(made):
    return [
        ([(f["column"], f["rule"]) for f in row["findings"] if f["severity"] != "info"],
         row["reject_reasons"])
        for row in made.to_pylist()
    ]  # fmt: skip


def test_a_wrong_month_is_told_as_that_and_not_as_a_check_digit_too(found):
    assert found["month"] == ([("citizen_id", "BIRTH_INVALID")], [])
    assert found["digit"] == ([("citizen_id", "CHECK_DIGIT")], [])


def test_a_slip_in_the_organisation_code_is_one_fault_of_the_uscc(parsed):
    right = "91350100M000100Y43"
    slip = f"{right[:10]}1{right[11:]}"
    ((found, _),) = told(parsed(FIRMS, ("1", "示范公司", slip)))
    assert found == [("uscc", "USCC_CHECK")]


def test_a_row_that_is_set_aside_is_told_of_once_and_its_other_gaps_as_well(found):
    assert found["no key"] == ([("citizen_id", "MISSING_REQUIRED")], ["NO_KEY"])
    assert found["nobody"] == ([], ["NO_IDENTITY"])
    assert found["no number"] == ([("citizen_id", "MISSING_REQUIRED")], [])


def test_a_required_value_counts_as_missing_though_the_reason_tells_of_it(con, people):
    split = split_rows(ibis.memtable(people), PEOPLE)
    facts = con.to_pyarrow(batch_facts(split.staged, split.quarantined, PEOPLE, AS_OF))
    counts = count_batch(facts.to_pylist(), PEOPLE, Delivered(3, 0, 2))
    missing = {c.column_name: (c.a, c.b) for c in counts if c.indicator == "0201"}
    assert missing == {"source_key": (4, 5), "person_name": (4, 5), "citizen_id": (2, 5)}


def test_a_rule_that_is_told_by_none_that_exists_is_refused(tmp_path):
    fields = "severity: error, zh: a, repair_zh: b, en: a, repair_en: b, clause: '', indicator: x"
    (tmp_path / "r.yml").write_text(f"A: {{{fields}, told_by: [B]}}\n", encoding="utf-8")
    with pytest.raises(DeclarationRefused, match="told by B"):
        load_rules(tmp_path / "r.yml")
