"""A grant that cannot be meant is refused with file, field, value and remedy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors.serving import GrantsRefused
from pipelines.serve.grants.apply import explain_grant
from pipelines.serve.grants.keys import make_key
from pipelines.serve.grants.read import check_grants, read_grants
from pipelines.settings import Settings, load_settings

GOOD: dict[str, Any] = {
    "consumer": "云州市住房公积金管理中心",
    "purpose": "购房贷款资格核验",
    "legal_basis": "《住房公积金管理条例》第二十四条",
    "approved_by": "云州市数据局 2026-081 号",
    "valid_from": "2026-01-01",
    "valid_to": "2027-12-31",
    "library": "population",
    "columns": {"person_name": "mask", "marital_code": "clear", "mobile": "absent"},
    "operations": ["verify", "find", "read"],
    "lookup_by": [["citizen_id", "person_name"]],
    "rows": {"residence_region_code": ["1101"]},
}
Write = Callable[..., Settings]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def run(content: object = None, file: str = "fund__loans.yml", **changes: Any) -> Settings:
        folder = tmp_path / "grants"
        folder.mkdir(exist_ok=True)
        values = {k: v for k, v in (GOOD | changes).items() if v is not None}
        text = (
            content
            if isinstance(content, str)
            else yaml.safe_dump(values, allow_unicode=True, sort_keys=False)
        )
        (folder / file).write_text(text, encoding="utf-8")
        return load_settings(home=tmp_path / "home", grants=folder)

    return run


def test_a_good_grant_is_read_and_explained(write: Write):
    (grant,) = read_grants(write()).values()
    assert (grant.name, grant.consumer_name, grant.role) == (
        "fund__loans",
        "fund",
        "g_fund__loans",
    )
    assert list(grant.shown) == ["person_name", "marital_code"]
    told = "\n".join(explain_grant(grant))
    for words in ("2027-12-31", "begins with 1101", "columns masked: person_name", "SQL only"):
        assert words in told


@pytest.mark.parametrize(
    ("changes", "field", "remedy"),
    [
        ({"valid_to": None}, "valid_to", "Write it"),
        ({"valid_to": "2025-01-01"}, "valid_to", "later day"),
        ({"valid_to": "2036-01-01"}, "valid_to", "2029-01-03 at the latest"),
        ({"valid_from": "9998-01-01", "valid_to": "9999-12-31"}, "valid_to", None),
        ({"legal_basis": "  "}, "legal_basis", "Write it"),
        ({"approved_by": None}, "approved_by", "Write it"),
        ({"columns": {"persn_name": "clear"}}, "columns.persn_name", "person_name"),
        ({"columns": {"person_name": "clears"}}, "columns.person_name", "Correct it"),
        ({"columns": {"sex_code": "mask"}}, "columns.sex_code", "Write clear or absent"),
        ({"columns": {"sex_code": "absent"}}, "columns", "Name the columns"),
        ({"library": "populations"}, "library", "population"),
        ({"operations": ["verfy"]}, "operations.0", "Correct it"),
        ({"lookup_by": []}, "lookup_by", "citizen_id"),
        ({"lookup_by": [[]]}, "lookup_by[0]", "must give"),
        ({"lookup_by": [["entity_id"]]}, "lookup_by[0]", "Did you mean"),
        ({"rows": {"birth_date": ["19"]}}, "rows.birth_date", "codes"),
        ({"rows": {"residence_region_code": []}}, "rows.residence_region_code", "1101"),
        ({"rows": {"residence_region_code": ["11%"]}}, "rows.residence_region_code", "letters"),
        ({"limits": {"rows": 0}}, "limits.rows", "1 to 10000"),
        ({"limits": {"rows": 10**9}}, "limits.rows", "1 to 10000"),
        ({"limits": {"row": 5}}, "limits.row", "Did you mean 'rows'"),
        ({"linked": {"taxes": {}}}, "linked.taxes", "Write one of"),
        ({"linked": {"e_license": {"holder": "clear"}}}, "linked.e_license.holder", "holder_"),
        ({"public_key": "-----BEGIN PRIVATE KEY-----"}, "public_key", "grants key"),
        ({"name": "other"}, "name", "Leave it out"),
        ({"purposes": "x"}, "purposes", "Did you mean 'purpose'"),
    ],
)
def test_a_fault_names_field_and_remedy(
    write: Write, changes: dict[str, Any], field: str, remedy: str | None
):
    settings = write(**changes)
    if remedy is None:
        assert check_grants(settings) == []
        return
    fault = next(each for each in check_grants(settings) if each.field == field)
    assert remedy in fault.remedy
    assert fault.file.name == "fund__loans.yml"
    with pytest.raises(GrantsRefused, match="none was applied"):
        read_grants(settings)


@pytest.mark.parametrize(
    "name", ["fund.yml", "Fund__loans.yml", "a__b__c.yml", f"a__{'b' * 40}.yml", "a__b.yaml"]
)
def test_a_name_that_is_no_grant_s_is_refused(write: Write, name: str):
    assert [each.field for each in check_grants(write(file=name))] == ["the file's name"]


def test_what_a_department_does_not_share_is_not_granted(write: Write, tmp_path: Path):
    contract = Path("sources/population/education__students.yml").read_text(encoding="utf-8")
    folder = tmp_path / "sources"
    folder.mkdir()
    closed = contract.replace("value: conditional", "value: none")
    (folder / "education__students.yml").write_text(closed, encoding="utf-8")
    settings = write(columns={"school_name": "clear", "marital_code": "clear"})
    settings = settings.model_copy(update={"sources": (folder,)})
    fields = [each.field for each in check_grants(settings)]
    assert fields == ["columns.school_name", "lookup_by[0]", "lookup_by[0]"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=40).map(repr))
def test_whatever_a_file_holds_it_is_a_fault_and_no_crash(tmp_path_factory: Any, text: str):
    folder = tmp_path_factory.mktemp("grants")
    (folder / "a__b.yml").write_text(text, encoding="utf-8", newline="")
    assert check_grants(load_settings(home=folder, grants=folder))


def test_a_key_is_made_once_and_fits_a_grant(write: Write, tmp_path: Path):
    file = tmp_path / "fund.pem"
    public = make_key(file)
    assert file.stat().st_mode & 0o077 == 0
    assert check_grants(write(public_key=public)) == []
    with pytest.raises(Exception, match="is there already"):
        make_key(file)
    assert check_grants(write(public_key=file.read_text()))  # the private one is not taken
