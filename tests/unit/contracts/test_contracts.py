"""A contract is read as it is meant, and everything that is wrong with it is said at once."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from pipelines.contracts import (
    check_sources,
    load_source,
    load_sources,
    notes_on_sources,
    usable_sources,
)
from pipelines.contracts.source import Reporting
from pipelines.errors import ContractsRefused, UnknownSource
from pipelines.settings import Settings, load_settings

FIXTURE = Path(__file__).parents[2] / "fixtures/sources/population/civil_affairs__residents.yml"
NAME = FIXTURE.stem


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "sources").mkdir()
    return load_settings(home=tmp_path / "home", sources=[tmp_path / "sources"])


@pytest.fixture
def write(settings: Settings) -> Callable[..., Path]:
    """Write the fixture's contract after ``change`` was made to its document."""

    def written(change: Callable[[dict], object] = lambda _: None, name: str = NAME) -> Path:
        document = yaml.safe_load(FIXTURE.read_text(encoding="utf-8"))
        document["id"] = name
        change(document)
        file = settings.sources[0] / f"{name}.yml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        return file

    return written


def properties(document: dict) -> list[dict]:
    return document["schema"][0]["properties"]


def server(**fields: object) -> Callable[[dict], None]:
    return lambda document: document["servers"].__setitem__(0, {"server": "p", **fields})


def custom(**values: object) -> list[dict]:
    return [{"property": name, "value": value} for name, value in values.items()]


def test_a_contract_says_what_it_says(settings, write):
    file = write()
    source = load_source(settings, NAME)
    assert source.name == NAME
    assert source.department == "civil_affairs"
    assert source.library == "population"
    assert source.server.location == str(file.parent / "residents_{batch}.csv")
    assert (source.server.format, source.server.encoding) == ("csv", "gb18030")
    assert [c.physical_name for c in source.key_columns] == ["登记编号"]
    (number,) = (c for c in source.columns if c.element == "citizen_id")
    assert number.physical_name == "公民身份号码"
    assert source.changed_at == "changed_at"
    assert source.owner.emails == ("residents@example.gov.cn",)
    assert (source.schedule, source.frequency) == ("0 2 * * *", timedelta(days=1))
    assert source.retention == timedelta(days=3 * 365)
    assert source.sharing_type == "conditional"


def test_how_the_owner_is_told_stands_in_the_contract(settings, write):
    write()
    assert load_source(settings, NAME).reporting == Reporting("batch", "zh", "masked", None)
    options = {
        "report_period": "weekly",
        "report_language": "en",
        "attachment_protection": "password",
        "attachment_secret": "RESIDENTS_SHEET",
    }
    write(lambda document: document.update(customProperties=custom(**options)))
    told = load_source(settings, NAME).reporting
    assert told == Reporting("weekly", "en", "password", "RESIDENTS_SHEET")


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"report_period": "weakly"}, "Did you mean 'weekly'?"),
        ({"report_language": "fr"}, "Write one of: en, zh."),
        ({"attachment_protection": "password"}, "Write the NAME of the environment variable"),
        (
            {"attachment_protection": "password", "attachment_secret": "s3cret!"},
            "never stands in a contract",
        ),
    ],
)
def test_a_report_option_that_cannot_work_is_refused(settings, write, options, remedy):
    write(lambda document: document.update(customProperties=custom(**options)))
    (fault,) = check_sources(settings)
    assert remedy in str(fault)
    assert "s3cret" not in str(fault)


@pytest.mark.parametrize(
    "address",
    [
        "a@x.cn\n",
        "a@x.cn\nBcc: b@y.cn",
        "a@x.cn,b@y.cn",
        "张三 <a@x.cn>",
        "a b@x.cn",
        "a@x",
        "科@x.cn",
    ],
)
def test_an_owners_address_is_one_plain_address(settings, write, address):
    write(lambda document: document["team"]["members"][0].update(username=address))
    (fault,) = check_sources(settings)
    assert fault.field == "team.members.username"


def rename_element(document: dict) -> None:
    properties(document)[2]["semanticType"] = "persn_name"


def second_citizen_id(document: dict) -> None:
    properties(document).append(
        {"name": "spouse_citizen_id", "physicalName": "配偶", "semanticType": "citizen_id"}
    )


def same_name_twice(document: dict) -> None:
    for physical in ("备注", "说明"):
        properties(document).append({"name": "note", "physicalName": physical})


@pytest.mark.parametrize(
    ("change", "field", "value", "remedy"),
    [
        pytest.param(rename_element, "semanticType", "persn_name", "'person_name'", id="element"),
        pytest.param(
            lambda d: properties(d)[0].pop("primaryKey"), "properties", "", "primaryKey",
            id="no key",
        ),
        pytest.param(second_citizen_id, "properties", "citizen_id", "mapping of one", id="twice"),
        pytest.param(same_name_twice, "properties", "note", "Rename", id="same name"),
        pytest.param(
            lambda d: properties(d)[1].update(name="Citizen ID"), "name", "Citizen ID",
            "physicalName", id="column name",
        ),
        pytest.param(
            lambda d: properties(d)[4].update(name="findings"), "name", "findings",
            "another name", id="name of our own",
        ),
        pytest.param(
            lambda d: properties(d)[2].update(semanticType="organization_name"), "semanticType",
            "organization_name", "semanticType: person_name", id="not the golden column's element",
        ),
        pytest.param(
            lambda d: properties(d)[2].update(physcialName="x"), "physcialName", "physcialName",
            "'physicalName'", id="unknown key deep inside",
        ),
        pytest.param(
            lambda d: d.update(domian="x"), "domian", "domian", "'domain'", id="unknown key"
        ),
        pytest.param(
            lambda d: d["servers"][0].update(encoding="gb18o30"), "encoding", "gb18o30",
            "'gb18030'", id="encoding",
        ),
        pytest.param(
            lambda d: d["servers"][0].update(format="exsel"), "format", "exsel", "'excel'",
            id="format",
        ),
        pytest.param(
            lambda d: d["servers"][0].update(path="x_{date}.csv"), "path", "date", "batch",
            id="placeholder",
        ),
        pytest.param(
            lambda d: d["servers"][0].update(path="x_{batch.csv"), "path", "x_{batch.csv",
            "{batch} in full", id="brace",
        ),
        pytest.param(
            lambda d: d["servers"][0].update(delimiter='"'), "delimiter", '"', "'|'", id="delimiter"
        ),
        pytest.param(lambda d: d.update(domain="populaton"), "domain", "populaton", "'population'",
                     id="library"),
        pytest.param(lambda d: d["team"].update(members=[]), "team.members", "", "data owner",
                     id="nobody"),
        pytest.param(
            lambda d: d["team"]["members"][0].update(username="zhang"), "username", "zhang",
            "e-mail", id="no address",
        ),
        pytest.param(
            lambda d: d["slaProperties"][0].update(schedule="0 25 * * *"), "schedule",
            "0 25 * * *", "daily at two", id="schedule",
        ),
        pytest.param(
            lambda d: d["slaProperties"][0].update(unit="dd"), "unit", "dd", "'d'", id="unit"
        ),
        pytest.param(lambda d: d.pop("slaProperties"), "slaProperties", "", "frequency",
                     id="no frequency"),
        pytest.param(
            lambda d: d["schema"][0]["customProperties"][0].update(value="full"), "delivery",
            "full", "delta, snapshot", id="delivery",
        ),
        pytest.param(
            lambda d: d["schema"][0]["customProperties"][1].update(value="更新日期"), "changed_at",
            "更新日期", "'更新时间'", id="changed_at is no column",
        ),
        pytest.param(
            lambda d: d["schema"][0]["customProperties"][1].update(value="姓名"), "changed_at",
            "姓名", "timestamp", id="changed_at is no time",
        ),
        pytest.param(lambda d: d.update(id="other"), "id", "other", NAME, id="id"),
        pytest.param(lambda d: d.pop("tenant"), "tenant", "", "department", id="tenant"),
        pytest.param(lambda d: d.update(apiVersion="v2.2.0"), "apiVersion", "v2.2.0", "v3.2.0",
                     id="version of the standard"),
        pytest.param(lambda d: d.update(version=1.0), "version", "1.0", "ODCS", id="type"),
        pytest.param(
            server(
                type="custom", location="postgresql://u:pw@h/d", customProperties=custom(table="t")
            ),
            "location", "postgresql://…@h/d", "BASELIB_SECRET_NAME", id="password in the URL",
        ),
        pytest.param(
            server(type="custom", location="sqlite:///x.db"), "customProperties", "", "exactly one",
            id="neither table nor query",
        ),
        pytest.param(
            server(type="api", location="ftp://x"), "location", "ftp://x", "https://", id="address"
        ),
        pytest.param(server(type="kafka"), "type", "kafka", "postgres, api", id="kind of server"),
        pytest.param(
            server(type="api", location="https://x/y", customProperties=custom(secret="s3cr et")),
            "secret", "…", "BASELIB_SECRET_", id="a secret itself",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_field_value_and_remedy(
    settings, write, change, field, value, remedy
):
    file = write(change)
    (fault,) = check_sources(settings)
    assert fault.file == file
    assert fault.field.endswith(field)
    assert fault.value == value
    assert remedy in fault.remedy


def test_all_faults_of_all_files_come_at_once(settings, write):
    write(lambda d: (d.update(domain="x"), d["servers"][0].update(encoding="y")))
    write(lambda d: d.update(tenant=""), name="health__records")
    with pytest.raises(ContractsRefused) as refused:
        load_sources(settings)
    assert {(f.file.stem, f.field) for f in refused.value.faults} == {
        (NAME, "domain"),
        (NAME, "servers[0].encoding"),
        ("health__records", "tenant"),
    }


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        ("a: 1\n b: [\n", "line 2, column 3", "not valid YAML"),
        ("kind: x\nid: y\nkind: z\n", "line 3, column 1", "written twice"),
        ("- a\n", "the document", "not a data contract"),
    ],
)
def test_yaml_that_cannot_be_read_is_shown_by_line(settings, text, where, problem):
    (settings.sources[0] / "a__b.yml").write_text(text)
    (fault,) = check_sources(settings)
    assert fault.field == where
    assert problem in fault.problem


def test_a_name_declared_twice_is_refused_wherever_it_is(settings, write):
    first = write()
    second = settings.sources[0] / "z" / first.name
    second.parent.mkdir()
    second.write_bytes(first.read_bytes())
    (fault,) = check_sources(settings)
    assert fault.file == second
    assert str(first) in fault.problem


@pytest.mark.parametrize("name", ["residents", "Civil__residents", "civil-affairs__x", "_a__b"])
def test_the_file_name_is_the_source_name(settings, write, name):
    write(name=name)
    assert [fault.field for fault in check_sources(settings)] == ["the file's name"]


def test_a_contract_that_would_be_overlooked_is_a_fault(settings, write):
    write().rename(settings.sources[0] / f"{NAME}.yaml")
    (fault,) = check_sources(settings)
    assert f"{NAME}.yml" in fault.remedy


def test_a_missing_folder_is_a_fault(settings):
    settings.sources[0].rmdir()
    (fault,) = check_sources(settings)
    assert "no such folder" in fault.problem


def test_paths_start_at_the_contract_or_at_the_home(settings, write):
    write(server(type="local", format="csv", path="${BASELIB_HOME}/demo/x_{batch}.csv"))
    home = settings.home
    assert load_source(settings, NAME).server.location == f"{home}/demo/x_{{batch}}.csv"
    table = custom(table="t")
    write(server(type="custom", location="sqlite:///${BASELIB_HOME}/x.db", customProperties=table))
    assert load_source(settings, NAME).server.location == f"sqlite:///{home}/x.db"
    file = write(server(type="custom", location="sqlite:///x.db", customProperties=table))
    assert load_source(settings, NAME).server.location == f"sqlite:///{file.parent}/x.db"


def test_a_database_is_described_by_odcs_fields_and_custom_properties(settings, write):
    extra = custom(table="residents", user="reader", secret="RESIDENTS_DB", watermark_column="t")
    odcs = {"host": "db", "port": 5432, "database": "city", "schema": "gov"}
    write(server(type="postgres", customProperties=extra, **odcs))
    found = load_source(settings, NAME).server
    assert found.location == "postgresql+psycopg2://reader@db:5432/city"
    assert (found.table, found.secret, found.kind) == ("gov.residents", "RESIDENTS_DB", "database")


def test_an_unknown_source_is_named_with_the_known_ones(settings, write):
    write()
    with pytest.raises(UnknownSource, match=NAME):
        load_source(settings, "nobody__knows")


@pytest.mark.parametrize("status", ["draft", "proposed", "deprecated", "retired"])
def test_a_contract_that_is_not_active_is_no_source_of_a_run(settings, write, status):
    write()
    write(lambda document: document.update(status=status), name="health__deaths")
    assert set(load_sources(settings)) == {NAME, "health__deaths"}
    assert set(usable_sources(settings)) == {NAME}


def test_a_column_that_no_golden_record_takes_is_a_note_and_no_fault(settings, write):
    extra = {"name": "work_address", "physicalName": "单位地址", "semanticType": "address"}
    write(lambda d: properties(d).append(extra))
    (note,) = notes_on_sources(load_sources(settings))
    assert "work_address" in note


def test_loading_contracts_loads_no_engine():
    """The DAG files do it on every parse."""
    heavy = ("duckdb", "ibis", "pandas", "pyarrow", "great_expectations", "splink", "numpy")
    code = f"import sys, pipelines.contracts; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_contract_is_checked_again_when_its_text_or_what_it_refers_to_changes(
    settings, write, monkeypatch
):
    write()
    read = load_source(settings, NAME)
    assert load_source(settings, NAME) is read
    write(lambda document: document.update(version="9.9.9"))
    assert load_source(settings, NAME).version == "9.9.9"
    write(lambda document: document.update(domain="nonsense"))
    assert check_sources(settings) == check_sources(settings) != []
    write()
    assert load_source(settings, NAME) == read
    monkeypatch.setattr("pipelines.contracts.load_libraries", dict)
    with pytest.raises(ContractsRefused):
        load_source(settings, NAME)
