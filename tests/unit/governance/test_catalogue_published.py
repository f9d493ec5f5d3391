"""The catalogue of a site: derived from its contracts, published whole, edition by edition."""

import json
import shutil
from datetime import date

import pytest

from pipelines.flows.governance.catalogue import (
    CatalogueRefused,
    derive_catalogue,
    last_edition,
    publish_catalogue,
)
from pipelines.governance.resources.declared import read_codes
from pipelines.settings import PROJECT, load_settings

FILES = [
    *("catalogue.json", "catalogue.xlsx", "ckan.jsonl", "dcat.jsonld", "harvest.json"),
    "index.html",
]


USCC = "11530100MB0A00018P"
BRANCH = '{code: "307020", path: [部门信息资源, 省及以下, 体育]}'
COURTS = """
apiVersion: v3.2.0
kind: DataContract
id: sports__courts
name: 公共球场
version: 1.0.0
status: active
domain: legal_entity
tenant: 体育局
description: {purpose: 向市民开放的球场的名称和所属单位，每周更新}
servers:
  - {server: production, type: local, format: csv, path: "courts-{batch}.csv"}
schema:
  - name: courts
    customProperties:
      - {property: delivery, value: snapshot}
    properties:
      - {name: source_key, physicalName: 编号, primaryKey: true, required: true}
      - {name: uscc, physicalName: 单位代码, semanticType: uscc}
      - {name: entity_name, physicalName: 单位名称, semanticType: organization_name}
team:
  name: 场馆科
  members:
    - {username: courts@example.gov.cn, role: data owner}
slaProperties:
  - {property: frequency, value: 1, unit: w}
"""


@pytest.fixture
def site(tmp_path):
    """Settings of a site with the contracts of the demo city and a catalogue of its own."""
    shutil.copytree(PROJECT / "governance", tmp_path / "governance")
    shutil.copytree(PROJECT / "sources", tmp_path / "sources")
    (tmp_path / "governance/resource_codes.csv").unlink()
    return load_settings(
        home=tmp_path / "home",
        sources=[tmp_path / "sources"],
        governance=tmp_path / "governance",
        today=date(2026, 6, 30),
    )


def edit(site, old, new):
    file = site.sources[0] / "population/education__students.yml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_every_contract_and_library_is_an_entry_without_fault(site):
    catalogue = derive_catalogue(site)
    origins = [each.origin for each in catalogue.entries]
    contracts = sorted(file.stem for file in site.sources[0].glob("*/*.yml"))
    libraries = [f"library {name}" for name in ("population", "legal_entity", "e_license")]
    data_sets = sorted(file.stem for file in (site.governance / "open_data").glob("*.yml"))
    grants = sorted(file.stem for file in site.grants.glob("*.yml"))
    assert origins == [
        *libraries,
        *(f"source {name}" for name in contracts),
        *(f"open {name}" for name in data_sets),
        *(f"grant {name}" for name in grants),
    ]
    assert catalogue.faults == []
    assert not site.home.exists()
    assert read_codes(site.governance) == {}


def test_an_entry_says_what_its_contract_says(site):
    (students,) = [e for e in derive_catalogue(site).entries if "students" in e.origin]
    assert (students.name, students.provider) == ("在校学生学籍", "云州市教育局")
    assert (students.share_type, students.share_condition) == ("有条件共享", "依法履职需要")
    assert students.cycle == "每周"
    assert students.grade == "一般数据4级"  # it has citizen ids
    items = {item.name: (item.data_type, item.length) for item in students.items}
    assert items["公民身份号码"] == ("C", "18")
    assert items["出生日期"] == ("D", "")


def test_an_edition_is_whole_and_only_what_changed_makes_a_new_one(site):
    first = publish_catalogue(site)
    assert sorted(each.name for each in first.iterdir()) == sorted([*FILES, "open"])
    assert sorted(each.name for each in (first / "open").iterdir()) == FILES
    assert publish_catalogue(site) is None
    codes = read_codes(site.governance)

    edit(site, "value: 1, unit: w", "value: 1, unit: d")
    later = site.model_copy(update={"today": date(2026, 7, 15)})
    second = publish_catalogue(later)
    assert (first.name, second.name) == ("0001", "0002")
    assert read_codes(site.governance) == codes
    edition = last_edition(site)
    assert (edition.number, edition.published_on) == (2, "2026-07-15")
    assert {each.published_on for each in edition.entries} == {"2026-06-30"}  # of the resource
    assert sorted(each.name for each in first.parent.iterdir()) == ["0001", "0002"]


def open_to_society(site, origin):
    file = site.governance / "catalogue.yml"
    told = f"  {origin}: {{open: true, open_condition: 注册后下载}}\n"
    file.write_text(file.read_text(encoding="utf-8") + told, encoding="utf-8")


def test_personal_data_cannot_be_opened(site):
    open_to_society(site, "source market_regulation__business_licenses")
    (fault,) = derive_catalogue(site).faults
    assert fault.rule == "OPEN_PERSONAL_DATA"


def test_what_is_open_stands_in_the_open_part_alone(site):
    open_to_society(site, "source sports__courts")
    file = site.sources[0] / "legal_entity/sports__courts.yml"
    file.write_text(COURTS, encoding="utf-8")
    declaration = site.governance / "catalogue.yml"
    text = declaration.read_text(encoding="utf-8")
    for key, told in (
        ("departments", f"{{title: 体育局, uscc: {USCC}}}"),
        ("department_branches", BRANCH),
    ):
        text = text.replace(f"\n{key}:\n", f"\n{key}:\n  sports: {told}\n")
    declaration.write_text(text, encoding="utf-8")
    opened = publish_catalogue(site) / "open"
    packages = (opened / "ckan.jsonl").read_text("utf-8").splitlines()
    titles = [json.loads(line)["title"] for line in packages]
    assert titles == ["公共球场", "各行业单位数量", "人口出生年代和性别分布"]


def test_nothing_is_published_while_an_entry_has_a_fault(site):
    edit(site, "name: 在校学生学籍", "name: 学籍管理系统")
    with pytest.raises(CatalogueRefused, match="填的是系统或平台的名称") as refused:
        publish_catalogue(site)
    assert [fault.origin for fault in refused.value.faults] == ["source education__students"]
    assert not site.home.exists()


def test_a_department_that_nobody_declared_is_a_fault_and_not_a_crash(site):
    file = site.sources[0] / "population/education__students.yml"
    text = file.read_text(encoding="utf-8").replace("education__students", "sports__athletes")
    file.with_name("sports__athletes.yml").write_text(text, encoding="utf-8")
    faults = [f for f in derive_catalogue(site).faults if f.origin == "source sports__athletes"]
    missing = {fault.field for fault in faults if fault.rule == "MISSING"}
    assert missing == {"信息资源分类", "信息资源代码", "信息资源提供方代码"}


def test_the_demo_city_has_given_its_codes(tmp_path):
    given = read_codes(PROJECT / "governance")
    settings = load_settings(home=tmp_path, governance=PROJECT / "governance")
    assert derive_catalogue(settings).new_codes == []
    assert len(given) == len(set(given.values()))


def test_published_json_is_plain_json_of_the_guide(site):
    folder = publish_catalogue(site)
    packages = [
        json.loads(line) for line in (folder / "ckan.jsonl").read_text("utf-8").splitlines()
    ]
    catalogue = json.loads((folder / "dcat.jsonld").read_text("utf-8"))
    assert len(packages) == len(catalogue["dcat:dataset"]) == len(last_edition(site).entries)
    public = [package["title"] for package in packages if not package["private"]]
    opened = json.loads((folder / "open/catalogue.json").read_text("utf-8"))["entries"]
    assert public == [entry["name"] for entry in opened] != []
    assert {entry["origin"].split()[0] for entry in opened} == {"open"}


def test_open_data_sets_and_granted_views_are_entries_of_their_library(site):
    entries = {each.origin: each for each in derive_catalogue(site).entries}
    decades = entries["open people_by_decade"]
    assert (decades.open, decades.share_type, decades.cycle) == ("1", "无条件共享", "每年")
    assert [item.name for item in decades.items] == ["出生日期（年代）", "性别代码", "数量"]
    assert decades.related == [entries["library population"].code]
    granted = entries["grant housing_fund__loan_review"]
    assert granted.share_condition == "仅供云州市住房公积金管理中心用于住房公积金贷款申请人资格审核"
    shown = {item.physical_name for item in granted.items}
    assert shown == {"person_name", "marital_code", "residence_region_code", "employer_name"}


def test_the_dictionary_shows_scores_and_the_way_from_source_to_open_data(site):
    from pipelines.governance.resources.edition import Edition
    from pipelines.governance.resources.site import dictionary_page

    entries = derive_catalogue(site).entries
    scores = {"source education__students": 87.25, "library population": 61.0}
    page = dictionary_page(Edition(1, "2026-06-30", "江城市", entries), "目录", scores)
    assert '<span class="score">质量 87.2</span>' in page
    assert '<span class="score low">质量 61.0</span>' in page
    assert page.count("<svg") == 3
    assert "人口出生年代和性别分布" in page.split("<svg", 1)[1].split("</svg>", 1)[0]
