"""From files to base tables: every row accounted for, every value explained, nothing doubled."""

import json
import re
import shutil
from collections import Counter
from datetime import date
from email import message_from_bytes, policy

import duckdb
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from sqlalchemy import text

from pipelines.contracts import load_sources
from pipelines.flows.governance.open_data import check_open_data
from pipelines.flows.governance.register_sheet import site_sheet
from pipelines.flows.governance.sharing.onboarding import write_onboarding
from pipelines.flows.governance.sharing.returns import make_package, unpack
from pipelines.flows.governance.systems import report_systems
from pipelines.flows.library.export import export_crosswalk
from pipelines.flows.mail.summary import write_summary
from pipelines.lake import open_lake
from pipelines.libraries import load_libraries
from pipelines.report.words import vocabulary
from pipelines.serve.grants.keys import make_key
from pipelines.standards.tenths import tenths
from pipelines.warehouse import connect, read_batches, read_publications, read_stopped_batches
from tests.e2e.mail_figures import bodies, cells, first_mails, number, sheets
from tests.page_figures import departments_told, drawn_texts, issues_counted, lines_of_table
from tests.taboo_words import taboo_words

ENTITIES = {library.name: library.entity for library in load_libraries().values()}
W = vocabulary("zh").words


@pytest.fixture(scope="module")
def warehouse(city):
    engine = connect(city.settings)
    yield engine
    engine.dispose()


def scalar(warehouse, sql):
    with warehouse.connect() as connection:
        return connection.execute(text(sql)).scalar_one()


def one(sql, *parameters):
    return duckdb.connect().execute(sql, list(parameters)).fetchone()


def test_everything_was_built(city):
    assert city.outcome.failures == {}


def test_every_landed_row_is_somewhere(city, warehouse):
    records = read_batches(warehouse)
    assert {record.source for record in records} == set(load_sources(city.settings))
    for record in records:
        assert record.landed == record.staged + record.superseded + record.quarantined
    assert sum(record.quarantined for record in records) > 0
    assert sum(record.superseded for record in records) > 0


@pytest.mark.parametrize("library", ENTITIES)
def test_postgres_and_parquet_say_the_same(city, warehouse, library):
    entity = ENTITIES[library]
    published = scalar(warehouse, f"SELECT count(*) FROM base.{entity}")
    lake = open_lake(city.settings)
    files = [str(file) for file in lake.files(f"core.{entity}")]
    in_lake = one("SELECT count(*) FROM read_parquet(?)", files)
    assert in_lake == (published,)
    assert published > 0


@pytest.mark.parametrize("library", ENTITIES)
def test_every_staged_record_belongs_to_one_entity(city, tmp_path, library):
    path = tmp_path / "crosswalk.parquet"
    rows = export_crosswalk(city.settings, library, path)
    assert pq.read_schema(path).names == ["source", "source_key", "entity_id"]
    pairs = one("SELECT count(DISTINCT (source, source_key)) FROM read_parquet(?)", str(path))
    assert pairs == (rows,)


@pytest.mark.parametrize(("library", "floor"), [("population", 0.97), ("legal_entity", 0.95)])
def test_entities_are_the_true_ones(city, tmp_path, library, floor):
    """Pairwise precision and recall against the generator's truth; docs/identity.md has figures."""
    path = tmp_path / "crosswalk.parquet"
    export_crosswalk(city.settings, library, path)
    truth = city.settings.home / "demo" / "truth" / f"{ENTITIES[library]}.parquet"
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE record AS SELECT * FROM read_parquet(?) AS found"
        " JOIN read_parquet(?) AS truth USING (source, source_key)",
        [str(path), str(truth)],
    )
    found, true, both = con.execute(
        """
        SELECT count(*) FILTER (a.entity_id = b.entity_id),
               count(*) FILTER (a.true_entity = b.true_entity),
               count(*) FILTER (a.entity_id = b.entity_id AND a.true_entity = b.true_entity)
        FROM record AS a JOIN record AS b
          ON (a.entity_id = b.entity_id OR a.true_entity = b.true_entity)
         AND (a.source, a.source_key) < (b.source, b.source_key)
        """
    ).fetchone()
    assert both / found >= floor
    assert both / true >= floor - 0.02


def test_a_value_names_the_record_it_came_from(warehouse):
    unexplained = "SELECT count(*) FROM base.person_value WHERE source IS NULL"
    assert scalar(warehouse, unexplained) == 0


def test_licences_point_to_holders_that_exist(warehouse):
    linked = (
        "SELECT count(*) FROM base.license"
        " WHERE holder_legal_entity_id IS NOT NULL OR holder_person_id IS NOT NULL"
    )
    assert scalar(warehouse, linked) > 0.5 * scalar(warehouse, "SELECT count(*) FROM base.license")


def test_each_owner_has_one_report_that_shows_no_identity_number(city):
    sources = load_sources(city.settings).values()
    expected = sum(len(source.owner.emails) for source in sources)
    messages = [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in city.settings.outbox_dir.glob("*.eml")
    ]
    assert len(messages) == expected
    con = duckdb.connect()
    truth = city.settings.home / "lake" / "core" / "person" / "data" / "*.parquet"
    numbers = con.execute(
        "SELECT citizen_id FROM read_parquet(?) WHERE citizen_id IS NOT NULL", [str(truth)]
    ).fetchall()
    pages = "".join(
        message.get_body((kind,)).get_content()
        for message in messages
        for kind in ("plain", "html")
    )
    assert not [number for (number,) in numbers if number in pages]


@pytest.fixture(scope="module")
def mails(city, warehouse):
    return first_mails(city, warehouse)


def test_rows_and_problems_are_those_of_the_batch(city, warehouse, mails):
    records = {each.source: each for each in read_batches(warehouse) if each.batch == city.batch}
    assert set(mails) == {n for n, s in load_sources(city.settings).items() if s.owner.emails}
    for source, mail in mails.items():
        record, (plain, _) = records[source], bodies(mail)
        told = {name: number(plain, W[name]) for name in ("received", "usable", "set_aside")}
        assert told == {
            "received": record.landed,
            "usable": record.staged,
            "set_aside": record.quarantined,
        }, source


def test_the_sheets_hold_each_problem_that_the_mail_counts_and_each_is_an_issue(
    city, warehouse, mails
):
    with warehouse.connect() as connection:
        rows = connection.execute(text("SELECT source, fingerprint FROM quality.issue")).all()
    for source, mail in mails.items():
        plain, html = bodies(mail)
        told = number(plain, rf"\n{W['problems']}") or 0
        assert (number(html, r"(?<!未)发现问题") or 0) == told, source
        workbook, table = sheets(mail)
        assert workbook == table, source
        if city.batch in read_stopped_batches(warehouse, source):
            continue  # to be delivered again as a whole: no lines to repair, no issues
        assert len(workbook) == told, source
        known = {fingerprint for name, fingerprint in rows if name == source}
        assert set(workbook) <= known, source


def test_scores_and_open_issues_are_those_of_the_database(city, warehouse, mails):
    scores = text("SELECT subject, score FROM quality.score"
                  " WHERE scope = 'source' AND column_name = '' AND run = :batch")  # fmt: skip
    months = text("SELECT source, found, still_open FROM quality.owner_month WHERE month = :month")
    with warehouse.connect() as connection:
        scored = dict(connection.execute(scores, {"batch": city.batch}).all())
        day = f"{city.batch[:4]}-{city.batch[4:6]}-01"
        counted = {row[0]: row[1:] for row in connection.execute(months, {"month": day}).all()}
    for source, mail in mails.items():
        plain, html = bodies(mail)
        if city.batch not in read_stopped_batches(warehouse, source) and source in scored:
            assert number(plain, W["score"]) == float(tenths(float(scored[source])))
            assert f"评分 {tenths(float(scored[source]))}" in html
        if source in counted and (row := re.search(rf"{day[:7]}：(.*)", plain)):
            found, still_open = counted[source]
            assert number(row[1], W["month_found"]) == found, source
            assert number(row[1], W["month_still_open"]) == still_open, source


@pytest.fixture(scope="module")
def leaders_page(city, tmp_path_factory):
    """The leaders' page of the city's month: its content, and its HTML."""
    file = tmp_path_factory.mktemp("leaders") / "june.html"
    return write_summary(city.settings, date(2026, 6, 1), file), file.read_text("utf-8")


def test_every_figure_of_the_leaders_page_is_that_of_the_database(
    city, warehouse, leaders_page, tmp_path
):
    told, html = leaders_page
    departments = {n: s.owner.department for n, s in load_sources(city.settings).items()}
    with warehouse.connect() as connection:
        counted = issues_counted(connection, date(2026, 6, 1), city.settings.today, departments)
        graded = connection.execute(
            text("SELECT subject, grade FROM quality.score WHERE scope = 'source'"
                 " AND column_name = '' AND run = :batch"), {"batch": city.batch},
        ).all()  # fmt: skip
    shown = departments_told(html)
    assert counted["全市合计"]["发现"] > 0
    assert set(counted) <= set(shown) <= {*departments.values(), "全市合计"}
    for whose, figures in shown.items():
        for title in ("发现", "答复", "解决", "确认无误", "逾期", "未结"):
            assert int(figures[title].replace(",", "")) == counted[whose][title], (whose, title)
    stopped = {n for n in departments if city.batch in read_stopped_batches(warehouse, n)}
    grades = Counter(grade for source, grade in graded if source not in stopped)
    for grade, times in grades.items():
        assert (f"{grade}×{times}" if times > 1 else grade) in shown["全市合计"]["质量等级"]
    titles = list(shown["全市合计"])
    assert lines_of_table(drawn_texts(told, tmp_path), titles) == shown


def test_nothing_that_a_reader_gets_has_a_word_of_the_projects_own(mails, leaders_page):
    _, html = leaders_page
    assert taboo_words(html) == []
    for source, mail in mails.items():
        workbook, _ = cells(mail)
        for said in (*bodies(mail), mail["Subject"], workbook):
            # 待定 is what somebody wrote into a field, and is shown as his value.
            assert taboo_words(said, ("待定",)) == [], source


def test_running_the_batch_again_changes_nothing(city, warehouse):
    lake = open_lake(city.settings)
    tables = [name for name in lake.tables() if not name.endswith(("_input", "_event"))]
    before = {name: lake.snapshot_id(name) for name in tables}
    xmin = "SELECT max(xmin::text::bigint) FROM base.person"
    touched = scalar(warehouse, xmin)
    publications = len(read_publications(warehouse))
    assert city.run(always_rebuild=True).failures == {}
    assert {name: lake.snapshot_id(name) for name in tables} == before
    assert scalar(warehouse, xmin) == touched
    assert len(read_publications(warehouse)) >= publications


@pytest.mark.parametrize("library", ENTITIES)
def test_who_lost_a_disagreement_is_told_of_it(city, library):
    """Every finding is about a published entity, and names the value that is published."""
    entity = ENTITIES[library]
    lake = open_lake(city.settings)
    finding, core, value = (
        [str(file) for file in lake.files(name)]
        for name in (f"identity.{entity}_finding", f"core.{entity}", f"core.{entity}_source")
    )
    found, unknown, of_itself = one(
        "SELECT count(*), count(*) FILTER (WHERE entity_id NOT IN"
        " (SELECT entity_id FROM read_parquet(?))), count(*) FILTER (WHERE source = other_source"
        " AND rule = 'DISAGREES_WITH_AUTHORITY') FROM read_parquet(?)",
        *(core, finding),
    )
    assert (unknown, of_itself) == (0, 0)
    assert found > 0 or library == "e_license"  # of a licence, its issuer alone knows
    (strange,) = one(
        "SELECT count(*) FROM read_parquet(?) AS f ANTI JOIN read_parquet(?) AS s"
        " ON f.source = s.source AND f.source_key = s.source_key AND f.entity_id = s.entity_id",
        *(finding, value),
    )
    assert strange == 0


def test_what_is_handed_over_is_what_was_published(city, warehouse, tmp_path):
    """Returns, rows for the national platform and open data, out of the lake of a real run."""
    site = city.settings.model_copy(update={"governance": tmp_path / "governance"})
    shutil.copytree(city.settings.governance, site.governance)
    region = "residence_region_code"
    east = scalar(warehouse, f"SELECT mode() WITHIN GROUP (ORDER BY {region}) FROM base.person")
    make_key(tmp_path / "east.pem")
    key = load_pem_private_key((tmp_path / "east.pem").read_bytes(), None).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    declared = {
        "title": "某区数据局", "regions": [east], "basis": "条例第二十四条", "approved_by": "1号",
        "valid_to": "2027-01-01", "public_key": pem, "suite": "sm",
        "libraries": {
            "population": {"region_column": region, "columns": ["person_name", "birth_date"]},
            "legal_entity": {"region_column": "region_code", "columns": ["registered_capital"]},
        },
    }  # fmt: skip
    (site.governance / "returns.yml").write_text(json.dumps({"east": declared}), encoding="utf-8")
    package = make_package(site, "east")
    told = unpack(package, site.home / "returns.pub", tmp_path / "east.pem", tmp_path / "got")
    mine = {
        "population.parquet": f"base.person WHERE {region} LIKE '{east}%'",
        "legal_entity.parquet": f"base.legal_entity WHERE region_code LIKE '{east}%'",
    }
    for name, where in mine.items():
        assert told["files"][name] == scalar(warehouse, f"SELECT count(*) FROM {where}")
        got = pq.read_table(tmp_path / "got" / name)
        assert got.num_rows == told["files"][name] > 0

    api = {"info": {"version": "1"}, "paths": {}}
    rows = write_onboarding(site, tmp_path / "package", api, "https://x.example", "530")
    of_kind = "SELECT count(*) FROM base.legal_entity WHERE left(uscc, 2) IN ('91', '92', '93')"
    assert rows["up/up_uc_info_enterprise.csv"] == scalar(warehouse, of_kind)
    assert rows["up/up_lic_data.csv"] == scalar(warehouse, "SELECT count(*) FROM base.license")
    fields = json.loads((tmp_path / "package/up_fields.json").read_text("utf-8"))
    assert {each["超长数"] for each in fields} == {0}
    counted = {(each["表名"], each["字段名"]): each["空值数"] for each in fields}
    unnumbered = "SELECT count(*) FROM base.license WHERE license_identifier IS NULL"
    assert counted["up_lic_data", "certificate_source_id"] == scalar(warehouse, unnumbered)

    open_to_all = check_open_data(site, "people_by_decade")
    known = "SELECT count(*) FROM base.person WHERE sex_code IN ('1', '2')"
    assert open_to_all.risk.entities == scalar(warehouse, known)

    report = report_systems(site, site_sheet(site, "systems"))
    assert report.defects == []
    led = {
        "婚姻登记管理系统",
        "税收征管系统",
        "学籍管理系统",
    }  # all their people are known elsewhere
    assert not led & {each.system.name for each in report.candidates}
    assert {each.system.name for each in report.candidates} >= {"流动人口登记系统"}
