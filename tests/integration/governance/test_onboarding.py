"""The onboarding package of a site says what the service, the catalogue and the warehouse say."""

import hashlib
import json

from typer.testing import CliRunner

from pipelines.cli.governance.governance import app
from pipelines.flows.governance.catalogue import derive_catalogue
from pipelines.governance.onboarding.sheets import interface_words


def test_the_package_is_whole_and_its_interfaces_are_those_of_the_service(
    site, tmp_path, monkeypatch
):
    monkeypatch.setattr("pipelines.cli.governance.governance.load_settings", lambda **_: site)
    folder = tmp_path / "package"
    done = CliRunner().invoke(app, ["onboarding", str(folder), "--base", "https://x.example"])
    assert done.exit_code == 0, done.output
    digests = json.loads((folder / "manifest.json").read_text())
    for name, digest in digests.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    interfaces = json.loads((folder / "interfaces.json").read_text("utf-8"))
    openapi = json.loads((folder / "openapi.json").read_text("utf-8"))
    operations = {(p, m.upper()) for p, methods in openapi["paths"].items() for m in methods}
    listed = {
        (row["接口地址"].removeprefix("https://x.example"), row["请求方式"]) for row in interfaces
    }
    assert listed == operations
    assert ("/v1/work-orders", "GET") in listed
    known = {f"{method} {path}" for path, method in operations}
    assert known == set(interface_words()), "name it in onboarding/interfaces.yml"
    mounted = json.loads((folder / "mount.json").read_text("utf-8"))
    assert [row["信息资源代码"] for row in mounted] == [
        entry.code for entry in derive_catalogue(site).entries
    ]
    assert {row["挂接状态"] for row in mounted} == {"未挂接"}
