"""A department may call its columns anything: what is staged does not depend on their names."""

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts.column_names import record_name, stored_name, trimmed
from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.engines.texts import parsed_texts
from pipelines.extract import land_delivery
from pipelines.stage import columns_to_parse, parse_rows, rename_delivered, split_rows

AS_OF = date(2026, 6, 30)
# name here -> element; the names are golden columns of the population.
MEANINGS = {
    "source_key": None,
    "citizen_id": "citizen_id",
    "person_name": "person_name",
    "birth_date": "birth_date",
    "mobile": "mobile",
    "changed_at": "timestamp",
}
# Of the standard and of docs: valid numbers, fictional persons; the third row has no key.
ROWS = [
    ("7", "11010519491231002X", "张三丰", "1949-12-31", "13800000000", "2026-06-01 08:00:00"),
    ("8", "110101199003079999", "李四光", "1990-03-07", "138", "2026-06-02 08:00:00"),
    ("", "110101199003079999", "李四光", "1990-13-07", "13900000000", "2026-06-02 08:00:00"),
    ("8", "110101199003079999", "李四光", "1990-03-07", "13900000000", "2026-06-03 08:00:00"),
]
NASTY = [
    *MEANINGS,
    *("_line", "_file", "_batch", "_defect", "_text", "_key", "_confirmed", "findings", "reasons"),
    *("record", "reject_reasons", "birth_date_type", "citizen_id_birth_date", "version_rank"),
    *("__mobile__raw", "_delivered_mobile", "_text_of_mobile", "_corrected_mobile", "entity_id"),
    *("select", "SELECT", "order", "group by", "user", "null", "table", "Mobile", "MOBILE"),
    *("ｍｏｂｉｌｅ", "ＭＯＢＩＬＥ", "注册资本\n(万元)", "注册资本\r\n(万元)", "姓名", "姓 名"),
    *('"', "'", "`", "[", "]", "{batch}", "a;b", "a--b", "\\", "/", "%s", ":watermark", "?"),
    *(
        "a.b",
        "a.b.c",
        ".",
        "a b",
        "x" * 300,
        "姓\u3000名",
        "column_1",
        "column_2",
        "备注",
        "备注 (2)",
    ),
    *("123", "1", "ß", "SS", "ss", "İ", "i̇", "mobile__0123456789ab", "\u202e", "😀"),
    *("é", "e\u0301", "raw", "value", "(no name)"),
]
NAMES = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
)


@st.composite
def deliveries(draw):
    """Physical name of each mapped column, and a header that has them among others in any order."""
    mapped = draw(
        st.lists(NAMES.filter(trimmed), min_size=6, max_size=6, unique_by=trimmed), label="mapped"
    )
    known = {trimmed(name) for name in mapped}
    others = st.lists(NAMES.filter(lambda name: trimmed(name) not in known), max_size=5)
    header = draw(st.permutations([*mapped, *draw(others)]))
    return mapped, header


def write_csv(file, header, rows):
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL)
        writer.writerows([header, *rows])


def write_jsonl(file, header, rows):
    lines = [json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) for row in rows]
    file.write_text("\n".join(line.replace("\u2028", "\\u2028") for line in lines) + "\n", "utf-8")


def write_parquet(file, header, rows):
    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    pq.write_table(pa.Table.from_arrays(columns, names=list(header)), file)


WRITERS = {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet}


@pytest.fixture(scope="module")
def stage(con, tmp_path_factory):
    """Land and stage ``ROWS`` as delivered under these names."""

    def staged(form, mapped, header):
        folder = tmp_path_factory.mktemp("delivery")
        position = {name: place for place, name in enumerate(mapped)}
        rows = [
            [row[position[name]] if name in position else "其他" for name in header] for row in ROWS
        ]
        WRITERS[form](folder / "in_20260630", header, rows)
        source = _source(folder, form, mapped)
        delivery = land_delivery(source, "20260630", folder / "landing", folder / "scratch")
        names = [field.name for field in pq.read_schema(delivery.parquet_paths[0])]
        assert len({name.casefold() for name in names}) == len(names)
        raw = con.read_parquet([str(path) for path in delivery.parquet_paths])
        raw = rename_delivered(raw, source)
        with parsed_texts(con, raw, columns_to_parse(source, raw), AS_OF) as texts:
            parsed = ibis.memtable(con.to_pyarrow(parse_rows(raw, source, AS_OF, texts)))
        return _comparable(con, split_rows(parsed, source), mapped)

    return staged


def _source(folder: Path, form, mapped):
    columns = [
        SourceColumn(name, trimmed(physical), element, primary_key=element is None)
        for (name, element), physical in zip(MEANINGS.items(), mapped, strict=True)
    ]
    return Source(
        name="public_security__people",
        title="人口",
        library="population",
        file=folder / "people.yml",
        server=Server(kind="file", format=form, location=str(folder / "in_{batch}")),
        columns=columns,
        owner=Owner("示范市公安局", "户政科", ()),
        delivery="snapshot",
        schedule=None,
        frequency=timedelta(days=1),
        changed_at="changed_at",
    )


def _comparable(con, split, mapped):
    """Everything that was made, quarantined texts by the names here; without the lines of JSON."""
    lines = {"_line", "_file", "_batch"}
    staged = con.to_pyarrow(split.staged).to_pylist()
    quarantined = con.to_pyarrow(split.quarantined).to_pylist()
    for row in quarantined:
        record = dict(row["record"])
        row["record"] = [record[record_name(trimmed(name))] for name in mapped]
    tables = [staged, quarantined]
    kept = [[{k: v for k, v in row.items() if k not in lines} for row in rows] for rows in tables]
    return [sorted(rows, key=repr) for rows in kept], con.execute(split.superseded.count())


@pytest.fixture(scope="module")
def plain(stage):
    """What is staged under names that nobody could mistake."""
    names = ["编号", "身份证号", "姓名", "出生日期", "手机", "更新时间"]
    (staged, quarantined), superseded = result = stage("csv", names, names)
    assert (len(staged), len(quarantined), superseded) == (2, 1, 1)
    return result


@pytest.mark.parametrize("form", WRITERS)
@settings(
    max_examples=10, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(delivery=deliveries())
def test_what_is_staged_does_not_depend_on_physical_names(stage, plain, form, delivery):
    mapped, header = delivery
    if form == "jsonl":  # an object has a key once
        header = list(dict.fromkeys(header))
    assert stage(form, mapped, header) == plain


@pytest.mark.parametrize("form", WRITERS)
def test_each_column_may_be_called_as_it_means_or_as_another(stage, plain, form):
    ours = list(MEANINGS)
    assert stage(form, ours, ours) == plain
    turned = [*ours[1:], ours[0]]
    assert stage(form, turned, [*turned, "findings", "_line", "birth_date_type"]) == plain
    capitals = [name.upper() for name in ours]
    assert stage(form, capitals, [*capitals, *ours]) == plain


@settings(max_examples=500, derandomize=True)
@given(st.sets(NAMES, min_size=2, max_size=20))
def test_different_names_are_stored_under_different_ones(names):
    stored = {stored_name(name).casefold() for name in names}
    assert len(stored) == len(names) == len({record_name(name) for name in names})
    assert all(name == stored_name(name) for name in names if name in stored)
    assert not any(name.startswith("_") for name in stored)


def test_plain_names_are_stored_as_they_are():
    for name in ("姓名", "注册资本", "xm", "cert_no_2", "户籍地址1"):
        assert stored_name(name) == record_name(name) == name
    assert stored_name("GMSFHM").startswith("gmsfhm__")
    assert record_name("注册资本\n(万元)") == "注册资本\n(万元)"
