"""A package is made, sent until its receipt comes, and opened by its recipient with one command."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from sqlalchemy import text

from pipelines.flows.governance.sharing import returns
from pipelines.governance.returns.package import PackageRefused
from pipelines.serve.grants.keys import make_key

sys.path.insert(0, str(Path(__file__).parent))


def test_sent_again_until_the_receipt_comes(site, warehouse, tmp_path, monkeypatch):
    public = make_key(tmp_path / "east.pem")
    private = load_pem_private_key((tmp_path / "east.pem").read_bytes(), None)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    declared = {
        "title": "东城区数据局", "regions": ["110101"], "basis": "条例第二十四条",
        "approved_by": "1号", "valid_to": "2027-01-01", "public_key": public.decode(),
        "suite": "sm", "libraries": {
            "population": {"region_column": "residence_region_code", "columns": ["person_name"]}
        },
    }  # fmt: skip
    file = site.governance / "returns.yml"
    file.write_text(json.dumps({"east": declared}, ensure_ascii=False), encoding="utf-8")
    people = pa.table({"entity_id": ["P-1", "P-2"], "person_name": ["甲", "乙"]})
    monkeypatch.setattr(returns, "_table", lambda *_: people)

    folder = returns.make_package(site, "east")
    assert (folder.parent.name, folder.name) == ("east", "0001")
    assert b"\xe7\x94\xb2" not in b"".join(each.read_bytes() for each in folder.iterdir())
    assert [e.sent for e in returns.send_packages(site, tmp_path / "out")] == [1]
    first = (tmp_path / "out/east-0001/content.bin").read_bytes()
    assert [e.sent for e in returns.send_packages(site, tmp_path / "out")] == [2]
    arrived = tmp_path / "out/east-0001"
    assert (arrived / "content.bin").read_bytes() == first

    told = returns.unpack(
        arrived, site.home / "returns.pub", tmp_path / "east.pem", tmp_path / "got"
    )
    assert told["files"] == {"population.parquet": 2}
    assert pq.read_table(tmp_path / "got/population.parquet").equals(people)
    forged = json.loads((arrived / "receipt.json").read_text()) | {"content_digest": "0"}
    (tmp_path / "forged").mkdir()
    (tmp_path / "forged/receipt.json").write_text(json.dumps(forged))
    (tmp_path / "forged/receipt.sig").write_bytes((arrived / "receipt.sig").read_bytes())
    with pytest.raises(PackageRefused, match="not signed"):
        returns.take_receipt(site, tmp_path / "forged")
    assert returns.take_receipt(site, arrived).received_on == "2026-09-30"
    assert returns.send_packages(site, tmp_path / "out") == []
    assert returns.return_table(site).rows[0][3:] == (2, 2, "2026-09-30", "2026-09-30")
    with warehouse.connect() as connection:
        noted = connection.execute(text("SELECT rows FROM audit.event WHERE operation = 'return'"))
        assert noted.scalars().all() == [2]
    assert (site.home / "returns.key").stat().st_mode & 0o077 == 0
