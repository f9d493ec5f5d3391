"""Packages for lower levels: only their regions and columns, for them alone, never altered."""

import json
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import ibis
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import DeclarationRefused
from pipelines.flows.governance.sharing.returns import _table
from pipelines.governance.returns.declared import Recipient, Returned, read_recipients
from pipelines.governance.returns.package import (
    Package,
    PackageRefused,
    digest_of,
    open_package,
    seal_package,
)
from pipelines.libraries import load_libraries


def keys():
    made = generate_private_key(SECP256R1())
    private = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private, public.decode()


SITE, DISTRICT, OTHER = keys(), keys(), keys()
FACTS = {"id": "east-0001", "recipient": "东城区", "files": {"population.parquet": 2}}


def sealed(suite, plain=b"rows"):
    return seal_package(plain, FACTS, suite, DISTRICT[1], SITE[0])


@pytest.mark.parametrize(("suite", "cipher"), [("aes", "AES-256-GCM"), ("sm", "SM4-GCM")])
def test_the_recipient_and_nobody_else_opens_a_package(suite, cipher):
    package = sealed(suite, "身份号码".encode())
    assert package.told["cipher"] == cipher
    assert "身份号码".encode() not in package.content
    assert open_package(package, SITE[1], DISTRICT[0]) == "身份号码".encode()
    with pytest.raises(PackageRefused, match="another recipient"):
        open_package(package, SITE[1], OTHER[0])
    with pytest.raises(PackageRefused, match="not signed"):
        open_package(package, OTHER[1], DISTRICT[0])


def test_the_digest_of_the_chinese_suite_is_that_of_the_standard():
    # GB/T 32905-2016, example 1
    expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert digest_of(b"abc", "sm") == expected


PACKAGE = sealed("aes", b"x" * 40)


@given(st.sampled_from(["manifest", "content", "signature"]), st.integers(0), st.integers(1, 255))
def test_a_package_with_any_other_byte_is_refused(part, place, change):
    content = bytearray(getattr(PACKAGE, part))
    content[place % len(content)] ^= change
    altered = replace(PACKAGE, **{part: bytes(content)})
    with pytest.raises((PackageRefused, ValueError)):
        open_package(altered, SITE[1], DISTRICT[0])


def test_a_package_that_was_cut_off_is_refused():
    cut = Package(PACKAGE.manifest, PACKAGE.signature, PACKAGE.content[:-1])
    with pytest.raises(PackageRefused, match="cut off"):
        open_package(cut, SITE[1], DISTRICT[0])


def test_only_the_regions_and_columns_of_the_recipient_are_in_it():
    core = ibis.memtable(
        {
            "entity_id": ["P-2", "P-1", "P-3", "P-4"],
            "person_name": ["乙", "甲", "丙", "丁"],
            "mobile": ["1", "2", "3", "4"],
            "residence_region_code": ["110101001", "110101", "110102", None],
        }
    )
    lake = SimpleNamespace(read=lambda *_: core)
    session = SimpleNamespace(lake=lake, con=ibis.duckdb.connect())
    returned = Returned("residence_region_code", ["person_name"])
    east = Recipient(
        "东城区数据局", ["110101"], "条例第二十四条", "1号", date(2027, 1, 1), DISTRICT[1],
        {"population": returned},
    )  # fmt: skip
    assert _table(session, east, "population").to_pylist() == [
        {"entity_id": "P-1", "residence_region_code": "110101", "person_name": "甲"},
        {"entity_id": "P-2", "residence_region_code": "110101001", "person_name": "乙"},
    ]


DECLARED = {
    "title": "东城区数据局", "regions": ["110101"], "basis": "条例第二十四条", "approved_by": "1号",
    "valid_to": "2027-01-01", "public_key": DISTRICT[1],
    "libraries": {
        "population": {"region_column": "residence_region_code", "columns": ["person_name"]}
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"regions": []}, "east.regions"),
        ({"regions": ["东城"]}, "east.regions"),
        ({"basis": " "}, "east.basis"),
        ({"public_key": SITE[0]}, "east.public_key"),
        ({"libraries": {"houses": DECLARED["libraries"]["population"]}}, "east.libraries.houses"),
        (
            {"libraries": {"population": {"region_column": "mobile", "columns": []}}},
            "east.libraries.population",
        ),
        ({"colour": "red"}, "east.colour"),
    ],
)
def test_a_recipient_that_cannot_work_is_refused(tmp_path, changed, field):
    libraries = load_libraries()
    file = tmp_path / "returns.yml"
    file.write_text(json.dumps({"east": DECLARED}), encoding="utf-8")
    assert read_recipients(tmp_path, libraries)["east"].suite == "aes"
    file.write_text(json.dumps({"east": DECLARED | changed}), encoding="utf-8")
    with pytest.raises(DeclarationRefused) as refused:
        read_recipients(tmp_path, libraries)
    assert refused.value.field == field


SM2 = (  # openssl ecparam -name SM2 -genkey | openssl pkey -pubout
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAEw090BROVRvM6vmKTYUZ0iVUcjqNG\n"
    "92mGWv6iBFkbSDjBPyVS4JTTQOBQHOlNUsVfgauwIUKnopwq08vml6zwkA==\n"
    "-----END PUBLIC KEY-----\n"
)


def test_a_key_on_the_curve_of_sm2_is_refused_by_name(tmp_path):
    told = {"east": DECLARED | {"public_key": SM2}}
    (tmp_path / "returns.yml").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(DeclarationRefused, match="has no SM2"):
        read_recipients(tmp_path, load_libraries())
