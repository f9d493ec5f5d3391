"""A contract is tried on a file: read, judged and shown, in any form, and nothing is kept of it."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipelines.cli.main import app
from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.errors import (
    ContractsRefused,
    MissingColumn,
    UnknownSource,
    UnreadableDelivery,
)
from pipelines.flows.source.trial import form_of, try_sample
from pipelines.settings import PROJECT, load_settings

COLUMNS = ["档号", "姓名", "手机", "科室", "备注"]
ROWS = [
    ["A-1", "欧阳青衣", "13900001234", "秘密科", "x"],
    ["A-2", "司马长风", "12345", "秘密科", "y"],
    ["", "诸葛明月", "13900005678", "秘密科", "z"],
    ["A-1", "欧阳青衣", "13900001234", "秘密科", "w"],
]
SOURCE = Source(
    name="health__tried",
    title="",
    library="population",
    file=Path("/contracts/health__tried.yml"),
    server=Server(kind="file", format="csv", location="/nowhere/{batch}.csv"),
    columns=(
        SourceColumn("source_key", "档号", primary_key=True, required=True),
        SourceColumn("person_name", "姓名", element="person_name"),
        SourceColumn("mobile", "手机", element="mobile"),
        SourceColumn("ward", "科室"),
    ),
    owner=Owner("", "", ()),
    delivery="snapshot",
    schedule=None,
    frequency=timedelta(days=1),
)


def write_csv(file: Path) -> None:
    file.write_text("\n".join(",".join(row) for row in [COLUMNS, *ROWS]), "gb18030")


def write_xlsx(file: Path) -> None:
    book = openpyxl.Workbook()
    for row in [COLUMNS, *ROWS]:
        book.active.append(row)
    book.save(file)


def write_jsonl(file: Path) -> None:
    records = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    file.write_text("\n".join(json.dumps(each, ensure_ascii=False) for each in records), "utf-8")


def write_parquet(file: Path) -> None:
    columns = map(list, zip(*ROWS, strict=True))
    pq.write_table(pa.table(dict(zip(COLUMNS, columns, strict=True))), file)


def write_page(file: Path) -> None:
    records = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    file.write_text(json.dumps({"code": 0, "data": records}, ensure_ascii=False), "utf-8")


def write_sqlite(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(f"CREATE TABLE t ({', '.join(COLUMNS)})")
        database.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", ROWS)


FILE = {"kind": "file", "encoding": "gb18030"}
TABLE = {"kind": "database", "format": "table", "table": "hr.t", "location": "mysql://nowhere/x"}
FORMS = {
    "csv": (write_csv, FILE),
    "xlsx": (write_xlsx, {**FILE, "format": "xlsx"}),
    "jsonl": (write_jsonl, {**FILE, "format": "jsonl", "encoding": "utf-8"}),
    "parquet": (write_parquet, {**FILE, "format": "parquet"}),
    "api": (write_page, {"kind": "api", "format": "api"}),
    "sqlite": (write_sqlite, TABLE),
    "export of a table as text": (write_csv, TABLE),
    "export of a table as workbook": (write_xlsx, TABLE),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_sample_of_any_form_is_tried_and_every_row_counted(form: str, tmp_path: Path):
    write, server = FORMS[form]
    sample = tmp_path / "样例[1].dat"
    write(sample)
    home = tmp_path / "home"
    source = replace(SOURCE, server=replace(SOURCE.server, **server))
    trial = try_sample(load_settings(home=home), source, sample, "20260630")
    assert (trial.landed, trial.staged, trial.superseded, trial.quarantined) == (4, 2, 1, 1)
    assert trial.reasons == {"NO_KEY": 1}
    by_name = {each.column.name: each for each in trial.columns}
    assert sum(by_name["mobile"].findings.values()) == 1
    assert by_name["mobile"].missing == 1
    assert list(trial.unmapped) == ["备注"]
    assert [row["person_name"] for row in trial.rows] == ["司**风", "欧**衣"]
    assert [row["source_key"] for row in trial.rows] == ["x-9", "x-9"]
    assert "秘密" not in str(trial.rows)
    assert [each for each in home.rglob("*") if each.is_file()] == []


def test_a_source_whose_columns_have_no_rules_is_tried(tmp_path: Path):
    sample = tmp_path / "a.csv"
    sample.write_text("档号,科室\nA-1,x\nA-1,y\n", "utf-8")
    plain = (SourceColumn("license_number", "档号", primary_key=True), SourceColumn("ward", "科室"))
    source = replace(SOURCE, columns=plain, library="e_license")
    trial = try_sample(load_settings(home=tmp_path / "home"), source, sample, "20260630")
    assert (trial.landed, trial.staged, trial.superseded) == (2, 1, 1)


def test_what_cannot_be_tried_is_said(tmp_path: Path):
    settings = load_settings(home=tmp_path / "home")
    with pytest.raises(UnreadableDelivery, match="no such file"):
        try_sample(settings, SOURCE, tmp_path / "gone.csv", "20260630")
    other = tmp_path / "other.csv"
    other.write_text("档号,电话\n1,2\n", "utf-8")
    with pytest.raises(MissingColumn, match="姓名"):
        try_sample(settings, SOURCE, other, "20260630")
    api = replace(SOURCE, server=replace(SOURCE.server, kind="api", format="api"))
    failed = tmp_path / "answer.json"
    failed.write_text('{"code": 500, "msg": "系统繁忙", "data": null}', "utf-8")
    with pytest.raises(UnreadableDelivery, match="系统繁忙"):
        try_sample(settings, api, failed, "20260630")
    with pytest.raises(UnreadableDelivery, match="answers in JSON"):
        try_sample(settings, api, other, "20260630")


def test_the_command_shows_rows_and_says_which_contract_is_meant(tmp_path: Path):
    sample = tmp_path / "a.csv"
    sample.write_text(f"人员编号,姓名,身份证号\n{'QQ77'},钱小钱,\n", "utf-8")
    folder, home = PROJECT / "sources" / "population", str(tmp_path / "home")
    run = CliRunner().invoke
    told = run(app, ["sources", "check", str(folder), "--sample", str(sample), "--home", home])
    assert told.exit_code == 2
    assert "health__medical_records" in told.output
    contract = tmp_path / "health__tried.yml"
    text = (folder / "health__medical_records.yml").read_text("utf-8")
    for old, new in (("DAH", "人员编号"), ("XM,", "姓名,"), ("GMSFHM", "身份证号")):
        text = text.replace(old, new)
    kept = [line for line in text.splitlines() if "name: " not in line or "physical" not in line
            or "_key" in line or "person_name" in line or "citizen_id" in line]  # fmt: skip
    contract.write_text(
        "\n".join(kept)
        .replace("id: health__medical_records", "id: health__tried")
        .replace("      - {property: changed_at, value: GXSJ}\n", ""),
        "utf-8",
    )
    told = run(app, ["sources", "check", str(contract), "--sample", str(sample), "--home", home])
    assert told.exit_code == 0, told.output
    assert "1 row = 1 staged + 0 superseded + 0 quarantined" in told.output
    assert "钱*钱" in told.output
    assert "QQ77" not in told.output
    assert "钱小钱" not in told.output


def test_one_contract_of_a_folder_is_checked_by_its_name(tmp_path: Path):
    folder = tmp_path / "population"
    folder.mkdir()
    good = PROJECT / "sources/population/health__medical_records.yml"
    (folder / good.name).write_text(good.read_text("utf-8"), "utf-8")
    (folder / "health__broken.yml").write_text("id: other\n", "utf-8")
    run = CliRunner().invoke
    told = run(app, ["sources", "check", str(folder), "--source", "health__medical_records"])
    assert (told.exit_code, told.output.splitlines()[-1]) == (0, "1 contract(s), no fault.")
    refused = run(app, ["sources", "check", str(folder), "--source", "health__broken"])
    assert isinstance(refused.exception, ContractsRefused)
    assert {fault.file.name for fault in refused.exception.faults} == {"health__broken.yml"}
    nobody = run(app, ["sources", "check", str(folder), "--source", "health__none"])
    assert isinstance(nobody.exception, UnknownSource)


@pytest.mark.parametrize(
    ("text", "form"), [("A-12 张三", "x-99 字字"), ("é①", "字9"), ("", ""), ("１2", "99")]
)
def test_a_form_says_nothing_of_what_is_written(text: str, form: str):
    assert form_of(text) == form
