"""Properties of servers and columns that real data need: read as they are meant, or refused."""

from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from open_data_contract_standard.model import Server as OdcsServer

from pipelines.contracts import check_sources, load_source
from pipelines.contracts.faults import Faults
from pipelines.contracts.money_units import is_unit, unit_in_name
from pipelines.contracts.servers.api import build_api
from pipelines.contracts.source import Server, SourceColumn
from pipelines.settings import Settings
from tests.unit.contracts.test_contracts import NAME, custom, properties, server, settings, write

__all__ = ["settings", "write"]  # fixtures

FILE = {"type": "local", "path": "x_{batch}"}
DATABASE = {"type": "custom", "location": "sqlite:///x.db"}
API = {"type": "api", "location": "https://example.gov.cn/data?day={batch}"}


@pytest.fixture
def server_of(settings: Settings, write: Callable[..., Path]) -> Callable[..., Server]:
    def read(fields: Mapping[str, object], **extra: object) -> Server:
        write(server(**fields, customProperties=custom(**extra)))
        assert [str(fault) for fault in check_sources(settings)] == []
        return load_source(settings, NAME).server

    return read


@pytest.fixture
def faults_of(settings: Settings, write: Callable[..., Path]) -> Callable[..., list[str]]:
    def read(fields: Mapping[str, object], **extra: object) -> list[str]:
        write(server(**fields, customProperties=custom(**extra)))
        return [str(fault) for fault in check_sources(settings)]

    return read


@pytest.fixture
def column_of(settings: Settings, write: Callable[..., Path]) -> Callable[..., SourceColumn]:
    def read(physical: str, element: str, **extra: object) -> SourceColumn:
        added = {"name": "amount", "physicalName": physical, "semanticType": element}
        if extra:
            added["customProperties"] = custom(**extra)
        write(lambda document: properties(document).append(added))
        assert [str(fault) for fault in check_sources(settings)] == []
        return load_source(settings, NAME).columns[-1]

    return read


def test_how_records_lie_in_a_file_stands_in_the_contract(server_of):
    plain = server_of({**FILE, "format": "csv"})
    assert (plain.header_row, plain.header_rows, plain.footer_rows) == (None, 1, 0)
    text = server_of({**FILE, "format": "csv"}, header_row=0)
    assert text.header_row == 0
    book = server_of(
        {**FILE, "format": "xls"}, sheets="*", sheet_column="乡镇", header_row=3, header_rows=2,
        footer_rows=1, footer_words=["合计", "制表人"],
    )  # fmt: skip
    assert (book.format, book.sheets, book.sheet_column) == ("xlsx", ("*",), "乡镇")
    assert (book.header_row, book.header_rows, book.footer_rows) == (3, 2, 1)
    assert book.footer_words == ("合计", "制表人")


def test_what_an_api_says_of_success_stands_in_the_contract(server_of):
    found = server_of(
        API, success_path="code", success_values=[0, 200], message_path="msg", total_path="d.total",
        cursor_parameter="cursor",
    )  # fmt: skip
    assert (found.success_path, found.success_values) == ("code", ("0", "200"))
    assert (found.message_path, found.total_path) == ("msg", "d.total")
    assert found.cursor_parameter == "cursor"


def test_postgres_is_found_by_location_too(server_of):
    for kind in ("postgres", "postgresql", "custom"):
        for scheme in ("postgresql+psycopg2", "postgresql", "postgres"):
            url = f"{scheme}://reader@db:5432/city"
            found = server_of({"type": kind, "location": url}, table="gov.people")
            assert found.location == url.replace("postgres:", "postgresql:")
    found = server_of({**DATABASE, "encoding": "gbk"}, query="SELECT 'a:b' FROM t")
    assert found.encoding == "gb18030"


@pytest.mark.parametrize(
    ("fields", "extra", "field", "remedy"),
    [
        ({**FILE, "format": "csv"}, {"sheet": "a"}, "sheet", "it is for xlsx"),
        ({**FILE, "format": "csv"}, {"footer_rows": 1}, "footer_rows", "it is for xlsx"),
        ({**FILE, "format": "csv"}, {"no_such": 1}, "property", "one of"),
        ({**FILE, "format": "xlsx"}, {"sheet": "a", "sheets": ["b"]}, "sheets", "Keep"),
        ({**FILE, "format": "xlsx"}, {"sheets": [["b"]]}, "sheets", "Write [A, B]"),
        ({**FILE, "format": "csv"}, {"header_row": -1}, "header_row", "from 0 to"),
        ({**FILE, "format": "csv"}, {"header_row": "three"}, "header_row", "whole number"),
        ({**FILE, "format": "csv", "delimiter": "\\x"}, {}, "delimiter", "for example"),
        ({**FILE, "format": "csv", "delimiter": "'"}, {"quote": "'"}, "delimiter", "for example"),
        ({"type": "local", "path": "a**/b", "format": "csv"}, {}, "path", "/**/"),
        ({"type": "local", "path": "folder/", "format": "csv"}, {}, "path", "file name"),
        (API, {"success_path": "code"}, "success_path", "Add success_values"),
        ({"type": "api", "location": "http://"}, {}, "location", "https://host/path"),
        ({"type": "api", "location": "http://h:port/x"}, {}, "location", "host:port"),
        ({"type": "api", "location": "http://[::1/x"}, {}, "location", "host:port"),
        ({"type": "api", "location": "https://h/?k=${BASELIB_SECRET_X}"}, {}, "location", "secret"),
        ({"type": "api", "location": "https://h/?k=${BASELIB_SMTP_URL}"}, {}, "location", "secret"),
        ({"type": "api", "location": "https://h/?k=${PATH}"}, {}, "location", "BASELIB_"),
        ({"type": "custom", "location": "nosuch://h/d"}, {"table": "t"}, "location", "Install"),
        ({"type": "custom", "location": "postgresql+nosuch://h/d"}, {"table": "t"}, "location",
         "Install"),
        ({"type": "postgres", "location": "sqlite:///x.db"}, {"table": "t"}, "location", "custom"),
        ({"type": "postgres", "location": "postgresql://h:x/d"}, {"table": "t"}, "location",
         "host:port"),
        (DATABASE, {"query": "DELETE FROM t"}, "query", "SELECT"),
        (DATABASE, {"query": "SELECT * FROM t WHERE a = :id"}, "query", ":batch"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_with_field_and_remedy(faults_of, fields, extra, field, remedy):
    faults = faults_of(fields, **extra)
    assert faults
    assert field in faults[0]
    assert remedy in faults[0]


def test_a_password_is_shown_by_no_fault(faults_of):
    hidden = "hunter2"
    for location in (f"postgresql://u:{hidden}@h/d", f"postgres://u:{hidden}@h:x/d"):
        faults = faults_of({"type": "custom", "location": location}, table="t")
        assert faults
        assert hidden not in "".join(faults)
    faults = faults_of({**DATABASE}, table="t", secret=hidden)
    assert hidden not in "".join(faults)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("注册资本(万元)", "万元"),
        ("注册资本\n（万元）", "万元"),
        ("注册资本（单位：万元）", "万元"),
        ("注册资本（人民币万元）", "万元"),
        ("注册资本(万元人民币)", "万元"),
        ("注册资本[亿元]", "亿元"),
        ("注册资本_万美元", "万美元"),
        ("出资额（USD）", "USD"),
        ("注册资本万元", "万元"),
        ("注册资本（元）", "元"),
        ("注册资本", None),
        ("注册资本（认缴）", None),
        ("万元", None),
        ("ZCZB", None),
    ],
)
def test_the_unit_of_a_money_column_is_read_from_its_name(column_of, name, unit):
    assert unit_in_name(name) == unit
    assert column_of(name, "money").unit == unit
    assert column_of(name, "text").unit is None


def test_how_values_are_written_stands_in_the_contract(column_of):
    money = column_of(
        "资本(万元)", "money", unit="亿元", currency="USD", decimal_mark=",",
        vendor_hint="for another reader",
    )  # fmt: skip
    assert (money.unit, money.currency) == ("亿元", "USD")
    assert (money.decimal_mark, money.thousands_mark) == (",", ".")
    assert column_of("日期", "date", date_order="dmy").date_order == "dmy"
    assert column_of("备注", "text", encoding="GBK").encoding == "gb18030"


@pytest.mark.parametrize(
    ("element", "extra"),
    [
        ("money", {"unit": "斤"}),
        ("money", {"units": "万元"}),
        ("money", {"currency": "US$"}),
        ("money", {"decimal_mark": ",", "thousands_mark": ","}),
        ("money", {"date_order": "dmy"}),
        ("date", {"date_order": "ydm"}),
        ("date", {"unit": "万元"}),
        ("text", {"encoding": "klingon"}),
    ],
)
def test_what_says_nothing_about_a_column_is_refused(settings, write, element, extra):
    added = {"name": "amount", "physicalName": "额", "semanticType": element}
    added["customProperties"] = custom(**extra)
    write(lambda document: properties(document).append(added))
    (fault,) = check_sources(settings)
    assert "schema[0].properties[5]" in fault.field
    assert fault.remedy


@pytest.mark.parametrize(
    ("name", "element"),
    [
        ("findings", "text"),
        ("since_order", "text"),
        ("citizen_id_type", "text"),
        ("person_name_key", "text"),
        ("changed_at", "text"),
        ("x" * 56, "text"),
        ("name\n", "text"),
    ],
)
def test_names_that_the_pipeline_makes_itself_are_refused(settings, write, name, element):
    def change(document):
        properties(document)[4]["name"] = "modified_at"
        properties(document).append({"name": name, "physicalName": "额", "semanticType": element})

    write(change)
    assert check_sources(settings)


def test_units_are_multipliers_and_currencies():
    assert all(map(is_unit, ("万元", "亿", "元", "USD", "百万美元", "千元")))
    assert not any(map(is_unit, ("", "斤", "万斤", "认缴", "x")))


def test_forms_of_older_systems_are_contracts(server_of):
    xml = server_of({**FILE, "format": "xml"}, records_path="data/rows/row")
    assert (xml.format, xml.records_path, xml.encoding) == ("xml", "data/rows/row", "auto")
    assert server_of({**FILE, "format": "dbf"}).encoding == "auto"
    text = server_of({**FILE, "format": "csv"}, quote="~", escape="\\")
    assert (text.quote, text.escape) == ("~", "\\")
    assert server_of({**FILE, "format": "csv"}, escape='"').escape is None


def test_columns_of_fixed_width_have_places(server_of, settings, write):
    names = [column.physical_name for column in _columns(settings, write)]
    places = {name: [n * 10 + 1, n * 10 + 9] for n, name in enumerate(names)}
    fixed = server_of({**FILE, "format": "fixed"}, positions=places, position_unit="character")
    assert [position.name for position in fixed.positions] == names
    assert not fixed.by_bytes


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ({}, "where the columns are"),
        ({"positions": {"x": "8-1"}}, "no two places"),
        ({"positions": {"x": [1, 2, 3]}}, "no two places"),
        ({"positions": {"x": "1-5", "y": "5-9"}}, "overlaps"),
        ({"positions": {"x": "1-5"}}, "does not say where it is"),
        ({"positions": {"x": "1-5"}, "position_unit": "cm"}, "a unit of places"),
    ],
)
def test_places_that_cannot_be_meant_are_refused(faults_of, extra, problem):
    assert any(problem in fault for fault in faults_of({**FILE, "format": "fixed"}, **extra))


@pytest.mark.parametrize(
    "extra", [{"quote": "ab"}, {"quote": "a"}, {"escape": "xx"}, {"escape": " "}]
)
def test_marks_that_are_none_are_refused(faults_of, extra):
    (fault,) = faults_of({**FILE, "format": "csv"}, **extra)
    assert next(iter(extra)) in fault


def _columns(settings, write):
    write(server(**FILE, format="csv", customProperties=[]))
    return load_source(settings, NAME).columns


def test_what_says_that_a_delivery_is_whole_stands_in_the_contract(server_of):
    text = server_of(
        {**FILE, "format": "csv"}, marker="{file}.ok", settle_minutes=10, min_rows=5000,
        count_line="共{rows}条", count_in="marker",
    )  # fmt: skip
    assert (text.marker, text.settle_minutes, text.min_rows) == ("{file}.ok", 10, 5000)
    assert (text.count_line, text.count_in_marker) == ("共{rows}条", True)
    assert server_of({**FILE, "format": "csv"}, count_line="T|{rows}").count_in_marker is False
    in_folder = {**FILE, "path": "in/{batch}/x.csv", "format": "csv"}
    assert server_of(in_folder, marker="done").marker == "done"
    assert server_of({**DATABASE}, table="t", min_rows=3).min_rows == 3
    assert server_of({**API}, min_rows=3).min_rows == 3


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ({"marker": "done.ok"}, "every batch"),
        ({"marker": "{day}.ok"}, "placeholder"),
        ({"marker": "{file}"}, "delivered file itself"),
        ({"marker": "/flags/{batch}.ok"}, "one file"),
        ({"marker": "{batch}*.ok"}, "one file"),
        ({"settle_minutes": 0}, "number"),
        ({"min_rows": "many"}, "number"),
        ({"count_line": "共条"}, "where the number"),
        ({"count_line": "{rows}{rows}"}, "where the number"),
        ({"count_line": "{total}{rows}"}, "placeholder"),
        ({"count_line": "** {rows}"}, "too vague"),
        ({"count_in": "marker"}, "count_line"),
        ({"count_line": "{rows}", "count_in": "marker"}, "no marker"),
        ({"count_line": "{rows}", "count_in": "trailer"}, "place of the count"),
    ],
)
def test_what_cannot_say_that_a_delivery_is_whole_is_refused(faults_of, extra, named):
    assert any(named in fault for fault in faults_of({**FILE, "format": "csv"}, **extra))


def test_a_table_of_numbers_has_no_line_that_counts(faults_of):
    parquet = {**FILE, "format": "parquet"}
    assert "says nothing about parquet" in str(faults_of(parquet, count_line="{rows}"))
    told = {"marker": "{file}.ok", "count_line": "{rows}", "count_in": "marker"}
    assert faults_of(parquet, **told) == []


@pytest.mark.parametrize(
    "location",
    [
        "http://[::zz]/x",
        "http://a\u0301\u200d.测\u200b试/x",
        "http://xn--\u4e2d.example/x",
        "https://" + "x" * 70_000,
    ],
)
def test_an_address_that_no_client_takes_is_a_fault(faults_of, location):
    assert any("servers[0].location" in fault for fault in faults_of({**API, "location": location}))


@given(host=st.text(max_size=8), path=st.text(max_size=4))
@hypothesis_settings(max_examples=200, deadline=None, derandomize=True)
def test_an_address_that_passes_can_be_asked(host, path):
    faults = Faults(Path("a__b.yml"))
    written = OdcsServer(server="s", type="api", location=f"http://{host}/{path}?b={{batch}}")
    api = build_api(written, faults)
    if not faults.found:
        httpx.URL(api.location.replace("{batch}", "20260630"))


@pytest.mark.parametrize(
    ("location", "missing"),
    [
        ("dm+dmPython://reader@host:5236", "dialect dm"),
        ("nonsense+psycopg2://reader@host/db", "dialect nonsense"),
        ("oracle+oracledb://reader@host:1521/?service_name=X", "driver oracledb"),
        ("mssql+pymssql://reader@host:1433/db", "driver pymssql"),
    ],
)
def test_a_database_that_cannot_be_reached_here_says_what_to_install(faults_of, location, missing):
    faults = faults_of({**DATABASE, "location": location}, table="t")
    assert [missing in fault and "nstall" in fault for fault in faults] == [True]
