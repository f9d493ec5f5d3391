"""Editions, the official sheet, DCAT, CKAN and the dictionary say what the entries say."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from pyshacl import validate
from rdflib import Graph

from pipelines.errors import DeclarationRefused
from pipelines.governance.resources.diff import compare_editions
from pipelines.governance.resources.edition import Edition, edition_text, read_edition
from pipelines.governance.resources.entry import CYCLES, Item
from pipelines.governance.resources.harvest import harvest_of
from pipelines.governance.resources.interchange import ckan_of, dcat_of
from pipelines.governance.resources.sheet import COLUMNS, write_sheet
from pipelines.governance.resources.site import dictionary_page
from tests.unit.governance.conftest import GOOD

BASE = "https://data.example.gov.cn/resource/"


def conforms(catalogue, shapes):
    graph = Graph().parse(data=json.dumps(catalogue), format="json-ld")
    shape = Graph().parse(shapes / "shapes.ttl").parse(shapes / "range.ttl")
    return validate(graph, shacl_graph=shape)[0]


def test_the_catalogue_is_valid_dcat_ap(good, shapes):
    entries = [good(cycle=cycle, code=f"307006/{n}") for n, cycle in enumerate(CYCLES)]
    text = {"formats": ("csv",), "format_class": "自描述格式"}
    entries.append(good(open="1", related=("307006/1",), **text))
    catalogue = dcat_of(entries, "江城市", "2026-06-30", BASE)
    assert conforms(catalogue, shapes)
    first = catalogue["dcat:dataset"][0]
    assert first["dct:publisher"]["adms:identifier"]["skos:notation"] == "91350100M000100Y43"
    del first["dct:title"]
    assert not conforms(catalogue, shapes)


def test_the_open_are_public_and_no_others(good):
    rights = [
        each["dct:accessRights"]["@id"].rsplit("/", 1)[1]
        for each in dcat_of(
            [good(open="1"), good(), good(share_type="不予共享")], "江城市", "2026-06-30", BASE
        )["dcat:dataset"]
    ]
    assert rights == ["PUBLIC", "RESTRICTED", "NON_PUBLIC"]
    assert [ckan_of(good(open=flag))["private"] for flag in "10"] == [False, True]


def test_a_package_of_ckan_has_its_names_and_a_table_schema(good):
    package = ckan_of(good())
    assert re.fullmatch(r"[a-z0-9_-]{2,100}", package["name"])
    assert re.fullmatch(r"[a-z0-9_-]{2,100}", package["owner_org"])
    assert {"key": "共享类型", "value": "有条件共享"} in package["extras"]
    (resource,) = package["resources"]
    assert [(f["title"], f["type"]) for f in resource["schema"]["fields"]] == [
        ("招牌名称", "string"),
        ("备案日期", "date"),
        ("面积", "number"),
    ]
    assert resource["schema"]["fields"][0]["constraints"] == {"maxLength": 60}


def test_no_text_of_the_sheet_is_cut_off(good, tmp_path):
    items = (Item("法定代表人（负责人）公民身份号码" * 3, "C"), Item("编号", "C"))
    write_sheet(tmp_path / "c.xlsx", "目录", [good(items=items, summary="摘要" * 150)])
    heights = load_workbook(tmp_path / "c.xlsx").active.row_dimensions
    of_the_name = 14 * (2 * len(items[0].name) / 30)
    assert heights[4].height >= of_the_name
    assert heights[4].height + heights[5].height >= 14 * (2 * 300 / 44)  # over both rows


def test_the_sheet_has_a_row_per_item_and_the_entry_merged_over_them(good, tmp_path):
    other = good(code="307006/000010", name="=1+1", items=(Item("编号", "C"),))
    write_sheet(tmp_path / "c.xlsx", "江城市政务信息资源目录", [good(), other])
    sheet = load_workbook(tmp_path / "c.xlsx").active
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in sheet.iter_rows(3, values_only=True)]
    assert tuple(rows[0].values()) == COLUMNS
    assert [row["信息项名称"] for row in rows[1:]] == ["招牌名称", "备案日期", "面积", "编号"]
    codes = [row["信息资源代码"] for row in rows[1:]]
    assert codes == ["307006/000009", None, None, "307006/000010"]
    assert rows[1]["信息资源分类-目"] == "市场监督管理"
    assert rows[3]["数据类型"] == "数值型N"
    assert rows[4]["信息资源名称"] == "=1+1"
    assert sheet.cell(7, 5).data_type == "s"  # a name is no formula
    assert {"E4:E6", "F4:F6"} <= {str(merge) for merge in sheet.merged_cells.ranges}
    assert sheet.page_setup.orientation == "landscape"


def test_the_dictionary_shows_names_as_they_are_and_runs_none_of_them(good):
    hostile = good(name="<script>alert(1)</script>", summary="a & b", origin="library x")
    page = dictionary_page(Edition(1, "2026-06-30", "江城市", [hostile]), "目录")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "a &amp; b" in page
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?https?:", page)


def test_lineage_shows_the_sources_of_a_library_and_no_others(good):
    library = good(origin="library signs", code="101009/000001", name="招牌库")
    feeds = good(related=("101009/000001",), name="夜市备案")
    other = good(origin="source b", code="307006/000011", name="河道巡查")
    page = dictionary_page(Edition(1, "2026-06-30", "江城市", [library, feeds, other]), "目录")
    (picture,) = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert "夜市备案" in picture
    assert "河道巡查" not in picture


texts = st.text(max_size=20)


@given(texts, texts, st.lists(st.tuples(texts, texts), max_size=3))
def test_an_edition_is_read_as_it_was_written(name, summary, items):
    from pathlib import Path
    from tempfile import TemporaryDirectory

    entry = replace(
        GOOD, name=name, summary=summary, items=[Item(*item) for item in items],
        classification=list(GOOD.classification), formats=list(GOOD.formats), related=[],
    )  # fmt: skip
    edition = Edition(3, "2026-06-30", "江城市", [entry])
    with TemporaryDirectory() as folder:
        file = Path(folder, "catalogue.json")
        file.write_text(edition_text(edition), encoding="utf-8")
        assert read_edition(file) == edition
    assert compare_editions(edition.entries, edition.entries) == []


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": "other"}', "\x00"])
def test_a_file_that_is_no_edition_is_refused_by_its_name(tmp_path, content):
    file = tmp_path / "catalogue.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DeclarationRefused, match="no edition") as refused:
        read_edition(file)
    assert refused.value.file == file


def test_a_change_says_field_old_and_new(good):
    before = good()
    item = Item("备案日期", "T")
    after = good(cycle="每周", items=(before.items[0], item), published_on="2026-05-01")
    new, gone = good(origin="new"), good(origin="gone")
    added, changed, removed = sorted(
        compare_editions([before, gone], [after, new]), key=lambda each: each.kind
    )
    assert (added.origin, changed.origin, removed.origin) == ("new", before.origin, "gone")
    assert changed.fields == [
        ("更新周期", "每月", "每周"),
        ("信息项 备案日期", "信息项名称 备案日期，数据类型 D", "信息项名称 备案日期，数据类型 T"),
        ("信息项 面积", "信息项名称 面积，数据类型 N，数据长度 8,2", ""),
    ]


class CkanStub:
    """`package_create` as far as CKAN validates it: names, tags, extras, resources."""

    NAME = re.compile(r"[a-z0-9_-]{2,100}")
    TAG = re.compile(r"[\w \-.]{2,100}")  # tag_name_validator: letters of any script
    KEYS = frozenset({
        "name", "title", "notes", "owner_org", "author", "maintainer", "private", "groups", "tags",
        "resources", "extras", "url", "license_id",
    })  # fmt: skip

    def __init__(self):
        self.packages = {}

    def package_create(self, package):
        assert set(package) <= self.KEYS, "ignored by CKAN, and so lost"
        assert self.NAME.fullmatch(package["name"])
        assert package["name"] not in self.packages, "That URL is already in use."
        assert self.NAME.fullmatch(package["owner_org"])
        assert all(self.TAG.fullmatch(tag["name"]) for tag in package["tags"]), package["tags"]
        keys = [extra["key"] for extra in package["extras"]]
        assert len(keys) == len(set(keys)), 'Extras: duplicate key "..."'
        assert all(isinstance(extra["value"], str) for extra in package["extras"])
        assert all(resource["url"] for resource in package["resources"])
        self.packages[package["name"]] = package


def test_every_package_is_taken_by_ckan_and_a_second_time_refused(good):
    ckan = CkanStub()
    for n in range(3):
        ckan.package_create(json.loads(json.dumps(ckan_of(good(code=f"307006/{n:06d}")))))
    assert len(ckan.packages) == 3
    with pytest.raises(AssertionError, match="already in use"):
        ckan.package_create(ckan_of(good(code="307006/000001")))


def test_what_a_harvester_fetches_has_an_identifier_and_the_titles(good):
    (data_set,) = harvest_of([good()], BASE)["dataset"]
    assert (data_set["identifier"], data_set["title"]) == ("307006/000009", "户外招牌备案")
    assert data_set["publisher"] == {
        "name": "江城市市场监督管理局", "identifier": "91350100M000100Y43",
    }  # fmt: skip
    assert [each["format"] for each in data_set["distribution"]] == ["XLSX"]
    assert all(isinstance(word, str) for word in data_set["keyword"])
