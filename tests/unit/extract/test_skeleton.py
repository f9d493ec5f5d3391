"""A contract begun from a sample needs an owner and a look, and nothing else."""

import csv
import gzip
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from pipelines.contracts import check_sources, load_source
from pipelines.errors import UnknownLibrary, UnreadableDelivery
from pipelines.extract import land_delivery
from pipelines.extract.reader_process import ReaderCrashed
from pipelines.extract.reading import read_landed
from pipelines.extract.sample import look_at, look_at_guarded
from pipelines.extract.skeleton import new_contract
from pipelines.settings import load_settings

NAME = "health__records"
HOUSING = Path(__file__).parents[2] / "fixtures/housing/libraries"
COLUMNS = ["DAH", "XM", "GMSFHM", "性别", "出生日期", "LXDH", "备注", "GXSJ"]
PEOPLE = [
    [
        f"A{n}",
        "张三",
        f"11990019900101{n:04}",
        "男",
        "1990-01-01",
        f"1390000{n:04}",
        "",
        "2026-06-30",
    ]
    for n in range(30)
]
MAPPED = {
    "source_key": "DAH",
    "person_name": "XM",
    "citizen_id": "GMSFHM",
    "sex_code": "性别",
    "birth_date": "出生日期",
    "mobile": "LXDH",
    "changed_at": "GXSJ",
}


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """To start another one for each sample and delivery takes longer than all of these tests."""
    monkeypatch.setattr(
        "pipelines.extract.sample.call_apart", lambda call: look_at(*call.arguments)
    )
    monkeypatch.setattr(
        "pipelines.extract.reader_process.call_apart",
        lambda call, scratch: read_landed(*call.arguments),
    )


def write_csv(file: Path, encoding="gb18030", delimiter=",", packed=False) -> Path:
    lines = [COLUMNS, *PEOPLE]
    text = "".join(delimiter.join(f'"{cell}"' for cell in line) + "\r\n" for line in lines)
    data = text.encode(encoding)
    file.write_bytes(gzip.compress(data) if packed else data)
    return file


def write_xlsx(file: Path) -> Path:
    book = openpyxl.Workbook()
    for row in (["健康档案"], COLUMNS, *PEOPLE):
        book.active.append(row)
    book.save(file)
    return file


def write_jsonl(file: Path) -> Path:
    records = [dict(zip(COLUMNS, row, strict=True)) for row in PEOPLE]
    file.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in records), "utf-8")
    return file


def write_parquet(file: Path) -> Path:
    columns = zip(*PEOPLE, strict=True)
    pq.write_table(pa.table(dict(zip(COLUMNS, map(list, columns), strict=True))), file)
    return file


def records() -> list[dict[str, str]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in PEOPLE]


def write_json_list(file: Path) -> Path:
    file.write_text(json.dumps(records(), ensure_ascii=False, indent=1), "utf-8")
    return file


def write_wrapped_json(file: Path, indent: int | None = None) -> Path:
    """A list within objects, beside a shorter one that is not meant."""
    pages = {"total": 30, "records": records()}
    document = {"code": 0, "errors": [{"no": 1}], "result": {"page": pages}}
    file.write_text(json.dumps(document, ensure_ascii=False, indent=indent), "gb18030")
    return file


def write_xml(file: Path) -> Path:
    rows = "".join(
        "<人员>" + "".join(f"<{n}>{c}</{n}>" for n, c in row.items()) + "</人员>"
        for row in records()
    )
    head = '<?xml version="1.0" encoding="GB18030"?><数据 xmlns="urn:x"><头><批次>1</批次></头>'
    file.write_text(f"{head}<列表>{rows}</列表></数据>", "gb18030")
    return file


def write_dbf(file: Path) -> Path:
    sizes = [10, 20, 18, 4, 10, 11, 10, 10]
    fields = b"".join(
        name.encode("gb18030").ljust(11, b"\0") + b"C\0\0\0\0" + bytes([size, 0]) + b"\0" * 14
        for name, size in zip(COLUMNS, sizes, strict=True)
    )
    begin, length = 32 + len(fields) + 1, 1 + sum(sizes)
    head = bytes([3, 126, 6, 30]) + len(PEOPLE).to_bytes(4, "little")
    head += begin.to_bytes(2, "little") + length.to_bytes(2, "little") + b"\0" * 20
    body = b"".join(
        b" " + b"".join(c.encode("gb18030").ljust(n) for c, n in zip(row, sizes, strict=True))
        for row in PEOPLE
    )
    file.write_bytes(head + fields + b"\r" + body + b"\x1a")
    return file


def write_zip(file: Path) -> Path:
    """An archive with a note that nobody can land before the table."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("1说明.pdf", b"%PDF-1.7")
        archive.write(write_xlsx(file.with_suffix(".tmp")), "2数据.xlsx")
    return file


def write_sheets(file: Path) -> Path:
    """A cover sheet, and the records of two townships."""
    book = openpyxl.Workbook()
    book.active.title = "填报说明"
    book.active.append(["请按下列要求填报，每个乡镇一张表。"])
    for name, rows in (("东湖", PEOPLE[:20]), ("西山", PEOPLE[20:])):
        sheet = book.create_sheet(name)
        for row in [COLUMNS, *rows]:
            sheet.append(row)
    book.save(file)
    return file


def write_sqlite(file: Path) -> Path:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE 代码 (a)")
        database.execute(f"CREATE TABLE 档案 ({', '.join(COLUMNS)})")
        database.executemany(f"INSERT INTO 档案 VALUES ({', '.join('?' * 8)})", PEOPLE)
    return file


def filled_in(contract: str) -> str:
    return contract.replace('tenant: ""', "tenant: 示范市卫健委").replace(
        'username: ""', "username: a@example.gov.cn"
    )


@pytest.mark.parametrize(
    ("write", "name", "changes"),
    [
        (write_csv, "jkda_20260630.csv", {"encoding": "gb18030"}),
        (write_csv, "jkda_20260630.txt", {"encoding": "utf-16", "delimiter": "\t"}),
        (write_csv, "jkda_20260630.csv.gz", {"encoding": "utf-8-sig", "packed": True}),
        (write_csv, "jkda_20260630.dat", {"encoding": "utf-8", "delimiter": "|@|"}),
        (write_xlsx, "jkda_20260630.xlsx", {}),
        (write_jsonl, "jkda_20260630.jsonl", {}),
        (write_parquet, "jkda_20260630.parquet", {}),
        (write_json_list, "jkda_20260630.json", {}),
        (write_wrapped_json, "jkda_20260630.json", {}),
        (write_wrapped_json, "jkda_20260630.json", {"indent": 2}),
        (write_xml, "jkda_20260630.xml", {}),
        (write_dbf, "jkda_20260630.dbf", {}),
        (write_zip, "jkda_20260630.zip", {}),
        (write_sheets, "jkda_20260630.xlsx", {}),
        (write_sqlite, "jkda.db", {}),
    ],
)
def test_a_contract_begun_from_a_sample_lands_the_sample(tmp_path, write, name, changes):
    sample = write(tmp_path / name, **changes)
    folder = tmp_path / "sources"
    folder.mkdir()
    settings = load_settings(home=tmp_path, sources=[folder])
    contract = new_contract(sample, NAME, "population")
    file = folder / f"{NAME}.yml"
    file.write_text(contract, encoding="utf-8")
    asked = {fault.field for fault in check_sources(settings)}
    assert asked == {"tenant", "team.members.username"}
    file.write_text(filled_in(contract), encoding="utf-8")
    source = load_source(settings, NAME)
    assert {column.name: column.physical_name for column in source.columns} == MAPPED
    assert [column.name for column in source.key_columns] == ["source_key"]
    assert source.changed_at == "changed_at"
    delivery = land_delivery(source, "20260630", tmp_path / "landing", tmp_path / "scratch")
    assert (delivery.rows, delivery.defective) == (30, 0)
    assert delivery.unmapped_columns == ("备注",)


def test_the_places_of_fixed_width_are_guessed_and_asked_about(tmp_path):
    rows = [f"A{n:03}  张三{'王' * (n % 3)}".encode("gb18030").ljust(20) for n in range(9)]
    sample = tmp_path / "hz_20260630.txt"
    sample.write_bytes(b"".join(
        row + f"11990019900101{n:04}  2026-06-30".encode() + b"\r\n" for n, row in enumerate(rows)
    ) + b"TOTAL 9\r\n")  # fmt: skip
    contract = new_contract(sample, NAME, "population")
    assert "<- places by what is blank" in contract
    server = yaml.safe_load(contract)["servers"][0]
    (places,) = [p["value"] for p in server["customProperties"] if p["property"] == "positions"]
    assert (server["format"], server["encoding"]) == ("fixed", "gb18030")
    assert places == {
        "column_1": "1-4", "column_2": "7-14", "column_3": "21-38", "column_4": "41-50"
    }  # fmt: skip
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / f"{NAME}.yml").write_text(filled_in(contract), encoding="utf-8")
    source = load_source(load_settings(home=tmp_path, sources=[folder]), NAME)
    delivery = land_delivery(source, "20260630", tmp_path / "landing", tmp_path / "scratch")
    assert (delivery.rows, delivery.defective) == (10, 1)


def test_the_delimiter_is_found_where_records_have_several_lines(tmp_path):
    sample = tmp_path / "a_20260630.txt"
    rows = [f'"A{n}"|"张三\n（曾用名 李四, 王五）"|"11990019900101{n:04}"' for n in range(9)]
    sample.write_text("\n".join(["DAH|XM|GMSFHM", *rows]) + "\n", "utf-16-le")
    server = yaml.safe_load(new_contract(sample, NAME, "population"))["servers"][0]
    assert (server["delimiter"], server["encoding"]) == ("|", "utf-16-le")


def test_attributes_of_xml_are_no_data(tmp_path):
    sample = tmp_path / "a.xml"
    rows = "".join(f"<r><XM 序='1'>张三</XM><住址><路>{n}</路></住址></r>" for n in "甲乙丙")
    sample.write_text(f"<a>{rows}</a>", "utf-8")
    assert "住址.路" in new_contract(sample, NAME, "population")


def test_what_is_no_plain_text_is_looked_at_in_another_process(tmp_path, monkeypatch):
    began = []
    monkeypatch.setattr("pipelines.extract.sample.call_apart", lambda call: began.append(call) or 1)
    look_at_guarded(write_csv(tmp_path / "a.csv"), NAME)
    assert not began
    look_at_guarded(write_xlsx(tmp_path / "a.xlsx"), NAME)
    assert [call.function for call in began] == ["look_at"]


def test_a_sample_whose_reader_dies_is_said_to_be_unusable(tmp_path, monkeypatch):
    def dies(call):
        raise ReaderCrashed("SIGABRT", by_memory=False)

    monkeypatch.setattr("pipelines.extract.sample.call_apart", dies)
    with pytest.raises(UnreadableDelivery, match="SIGABRT"):
        new_contract(write_xlsx(tmp_path / "a.xlsx"), NAME, "population")


def test_values_tell_what_a_column_with_a_strange_name_is(tmp_path):
    sample = tmp_path / "x.csv"
    with sample.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["F1", "F2"])
        writer.writerows([f"119900199001{n:05}X", f"1390000{n:04}"] for n in range(10))
    document = yaml.safe_load(new_contract(sample, NAME, "population"))
    columns = document["schema"][0]["properties"]
    assert {c["name"]: c["physicalName"] for c in columns} == {
        "source_key": "F1",
        "citizen_id": "F1",
        "mobile": "F2",
    }


def key_of(tmp_path, *columns: tuple[str, list[str]]) -> str:
    sample = tmp_path / "x.csv"
    with sample.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([name for name, _ in columns])
        writer.writerows(zip(*(values for _, values in columns), strict=True))
    document = yaml.safe_load(new_contract(sample, NAME, "population"))
    (key,) = (c for c in document["schema"][0]["properties"] if c.get("primaryKey"))
    return str(key["physicalName"])


CITIZENS = ("公民身份号码", [f"119900199001{n:05}X" for n in range(20)])
MOBILES = [f"1390000{n:04}" for n in range(20)]


@pytest.mark.parametrize(
    "name", ["业务编号", "受理流水号", "学籍号", "YWBH", "record_no", "caseId", "Visit ID", "编号"]
)
def test_a_record_number_comes_before_the_number_of_a_person(tmp_path, name):
    assert key_of(tmp_path, CITIZENS, (name, [f"A{n}" for n in range(20)])) == name


@pytest.mark.parametrize(
    ("name", "values"),
    [
        pytest.param("业务编号", ["A1", *(f"A{n}" for n in range(1, 20))], id="not unique"),
        pytest.param("业务编号", ["", *(f"A{n}" for n in range(1, 20))], id="missing once"),
        pytest.param("contact_no", MOBILES, id="a telephone"),
        pytest.param("证件号码", [f"B{n}" for n in range(20)], id="a number of persons"),
        pytest.param("casino", [f"C{n}" for n in range(20)], id="no word of its own"),
        pytest.param("备注", [f"D{n}" for n in range(20)], id="only unique"),
    ],
)
def test_what_is_no_record_number_does_not_come_before_it(tmp_path, name, values):
    assert key_of(tmp_path, CITIZENS, (name, values)) == CITIZENS[0]


def test_no_value_of_the_sample_is_in_the_contract(tmp_path):
    contract = new_contract(write_csv(tmp_path / "x.csv"), NAME, "population")
    for value in {cell for row in PEOPLE for cell in row if len(cell) > 1}:
        assert value not in contract


def test_without_a_key_the_contract_asks_for_one(tmp_path):
    sample = tmp_path / "x.csv"
    sample.write_text("姓名,性别\n张三,男\n张三,男\n", encoding="utf-8")
    contract = new_contract(sample, NAME, "population")
    assert "<- mark the column that identifies a record" in contract
    assert "primaryKey: true}" not in contract


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\x00" * 100])
def test_what_cannot_be_landed_is_said(tmp_path, content):
    sample = tmp_path / "x.bin"
    sample.write_bytes(content)
    with pytest.raises(UnreadableDelivery, match="Give delimited text"):
        new_contract(sample, NAME, "population")


def test_a_missing_sample_and_an_unknown_library_are_said(tmp_path):
    with pytest.raises(UnreadableDelivery, match="no such file"):
        new_contract(tmp_path / "x.csv", NAME, "population")
    with pytest.raises(UnknownLibrary):
        new_contract(write_csv(tmp_path / "x.csv"), NAME, "people")


def test_a_library_of_a_site_is_guessed_for_by_its_own_names_and_patterns(tmp_path, monkeypatch):
    monkeypatch.setenv("BASELIB_LIBRARIES", str(HOUSING))
    sample = tmp_path / "houses_20260630.csv"
    rows = ["编号,不动产单元,坐落,权利人,竣工日期"]
    rows += [f"{n},130602001001GB00001F{n:08},东风路{n}号,张三,2019-01-01" for n in range(30)]
    sample.write_text("\n".join(rows), encoding="utf-8")
    contract = yaml.safe_load(new_contract(sample, "housing__houses", "housing"))
    mapped = {
        each["name"]: (each["physicalName"], each.get("semanticType"))
        for each in contract["schema"][0]["properties"]
    }
    assert mapped == {
        "source_key": ("编号", None),
        "unit_number": ("不动产单元", "real_estate_unit_number"),  # known by its values
        "house_address": ("坐落", "address"),
        "owner_name": ("权利人", "text"),
        "completion_date": ("竣工日期", "date"),  # known by the library's own title
    }


PERSON = ["119900199001010023", "张三丰", "男", "汉族", "13900000001", "示范市东湖区解放路1号"]
OTHERS = [
    [f"11990019900101{n:04}", f"李{chr(0x4E00 + n)}", "女", "汉族", f"139{n:08}", f"解放路{n}号"]
    for n in range(20)
]


def rows_as(form: str, file: Path, rows: list[list[str]]) -> Path:
    if form == "xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(file)
    else:
        file.write_text("".join(",".join(row) + "\n" for row in rows), "gb18030")
    return file


def shown(sample: Path) -> str:
    """What anybody sees who begins a contract: the contract, or why there is none."""
    try:
        return new_contract(sample, NAME, "population")
    except UnreadableDelivery as unreadable:
        return str(unreadable)


def quoted_in(text: str, rows: list[list[str]]) -> list[str]:
    return [cell for row in rows for cell in row if len(cell) > 1 and cell in text]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("first", [PERSON, ["无", *PERSON[1:]], ["无", *PERSON[1:4], "无", "x"]])
def test_a_sample_without_a_header_is_said_to_have_none(tmp_path, form, first):
    rows = [first, *OTHERS]
    contract = shown(rows_as(form, tmp_path / f"x.{form}", rows))
    assert "header_row, value: 0" in contract
    assert "no row names the columns" in contract
    assert quoted_in(contract, rows) == []
    columns = yaml.safe_load(contract)["schema"][0]["properties"]
    assert {"citizen_id": "column_1", "mobile": "column_5"}.items() <= {
        column["name"]: column["physicalName"] for column in columns
    }.items()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_header_with_an_empty_cell_below_a_title_is_found(tmp_path, form):
    header = ["公民身份号码", "姓名", "", "民族", "电话号码", "不认识的列"]
    rows = [["人口登记表", "", "", "", "", ""], header, PERSON, *OTHERS]
    contract = shown(rows_as(form, tmp_path / f"x.{form}", rows))
    assert "header_row" not in contract
    assert quoted_in(contract, [PERSON, *OTHERS]) == []
    assert "physicalName: 不认识的列" in contract


def test_columns_of_numbers_under_words_have_a_header(tmp_path):
    rows = [["甲列", "乙列", "丙列"], *([f"A{n:07}", f"{n}", f"139{n:08}"] for n in range(9))]
    contract = shown(rows_as("csv", tmp_path / "x.csv", rows))
    assert "physicalName: 甲列" in contract


PEOPLE_AS_JSON = [dict(zip(["id", "name"], row, strict=False)) for row in [PERSON, *OTHERS]]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PEOPLE_AS_JSON, ensure_ascii=False),
        json.dumps(PEOPLE_AS_JSON, ensure_ascii=False, indent=1),
        json.dumps({"data": PEOPLE_AS_JSON}, ensure_ascii=False, indent=1),
        json.dumps({row[0]: row[1] for row in OTHERS}, ensure_ascii=False),
        "{" + ",".join(PERSON),
        "\n".join(" ".join(row) for row in OTHERS),
        "<table>" + "".join(f"<tr><td>{row[1]}</td></tr>" for row in OTHERS),
        "PK" + ",".join(PERSON),
        "%PDF" + ",".join(PERSON),
    ],
)
def test_no_message_quotes_the_sample(tmp_path, text):
    sample = tmp_path / "x.txt"
    sample.write_text(text, "utf-8")
    assert quoted_in(shown(sample), [PERSON[:2], *(row[:2] for row in OTHERS)]) == []


def test_a_unit_in_a_header_is_seen_and_a_missing_one_asked_for(tmp_path):
    for name, asks in {"注册资本\n(万元)": False, "注册资本": True}.items():
        sample = tmp_path / "x.csv"
        with sample.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["企业名称", "统一社会信用代码", name])
            writer.writerows(["示范公司", f"91{n:016}", f"{n + 5}0"] for n in range(9))
        contract = new_contract(sample, NAME, "legal_entity")
        assert "name: registered_capital" in contract
        assert ("bare numbers" in contract) is asks


def test_every_guess_says_what_speaks_for_it(tmp_path):
    contract = new_contract(write_csv(tmp_path / "x.csv"), NAME, "population")
    guesses = [line for line in contract.splitlines() if "- {name: " in line and "…" not in line]
    assert len(guesses) == 7
    assert all("# by its" in line or "% of its values differ" in line for line in guesses)
