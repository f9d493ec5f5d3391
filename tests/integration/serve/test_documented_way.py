"""The way of docs/consumers.md, walked: a grant, a verified name, a dossier, a change to follow."""

import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from small_city import City, person, query
from sqlalchemy import Engine, text

from pipelines.cli.main import app
from pipelines.errors import TableMissing
from pipelines.serve.audit.seal import seal_log, verify_log
from pipelines.serve.demo import grants_with_keys, show_consumers
from pipelines.serve.next_delivery import rename
from pipelines.settings import Settings

PROJECT = Path(__file__).parents[3]
FAILED = "failed: "
ISSUE = """
INSERT INTO quality.issue (fingerprint, source, department, layer, record, column_name, rule,
    severity, state, first_batch, last_batch, batch, file, line, value_digest, found_at, due_date)
VALUES ('i1', 'education__students', 'education', 'batch', 'r', 'sex_code', 'UNKNOWN_CODE', 'error',
    'sent', '20260601', '20260601', '20260601', 'pupils.csv', 7, 'd', now(), '2026-09-14')"""
GUIDE = (PROJECT / "docs" / "consumers.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def told(city: City, migrated: Settings) -> list[str]:
    lines: list[str] = []
    with pytest.raises(TableMissing):
        show_consumers(migrated, lines.append)
    wang = person("P-1", person_name="王小明", citizen_id="110105194912310021")
    city.publish("population", [person("P-0", citizen_id="110105194912310048"), wang])
    firm = {"entity_id": "E-1", "organization_name": "云州市甲有限公司"}
    firm |= {"legal_representative_person_id": "P-1"}
    city.publish("legal_entity", [firm])
    city.publish("e_license", [{"entity_id": "L-1", "holder_person_id": "P-1"}])
    city.publish("legal_entity", [firm | {"entity_status": "1"}])
    show_consumers(migrated, lines.append)
    return lines


def test_it_ends_with_a_verified_name_a_dossier_and_a_change(told: list[str]):
    granted, verified, dossier, followed, summary, _ = told
    assert granted.startswith(
        "Granted: housing_fund__loan_review, statistics__enterprise_directory"
    )
    assert verified == "Verified: 王*明 with number 1101*************1: yes"
    assert dossier.endswith("linked with 1 of e_license, 1 of legal_entity")
    assert followed == "Followed: baselib.entity.changed.v1 E-1 entity_status"
    assert re.fullmatch(
        r"1 changes since publication \d+; it is called 云州市甲有限公司 now\. Go on after \d+",
        summary,
    )


def test_all_of_it_is_in_a_whole_log(told: list[str], migrated: Settings, warehouse: Engine):
    seal_log(migrated)
    verify_log(migrated)
    found = query(warehouse, "SELECT operation, outcome, actor FROM audit.event WHERE actor <> ''")
    asked = ["verify", "find", "dossier", "snapshot", "changes", "read"]
    assert [row[:2] for row in found if row[2] == "示范科员"] == [(one, "ok") for one in asked]


def test_keys_are_private_and_stay_when_it_is_shown_again(told: list[str], migrated: Settings):
    (key, *_) = sorted((migrated.home / "demo" / "consumers").glob("*.pem"))
    content = key.read_bytes()
    assert key.stat().st_mode & 0o077 == 0
    grants_with_keys(migrated)
    assert key.read_bytes() == content


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def script(port: int) -> str:
    """The guide's shell commands but the first, which makes the city; on a port of their own."""
    _, begin, *others = re.findall(r"```sh\n(.*?)```", GUIDE, flags=re.DOTALL)
    assert "baselib serve &" in begin
    begin = begin.replace("baselib serve &", f"baselib serve --port {port} &")
    wait = f"until (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null; do sleep 0.2; done"
    note = f"trap 'echo \"{FAILED}$BASH_COMMAND\"' ERR"
    return "\n".join([begin, wait, note, *others, "kill %1", "wait"])


@pytest.fixture(scope="module")
def walked(
    told: list[str], migrated: Settings, warehouse: Engine, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """What the commands of the guide print, one after another; and which of them failed."""
    with warehouse.begin() as connection:
        connection.execute(text(ISSUE))
    site, port = tmp_path_factory.mktemp("site"), free_port()
    links = {".baselib": migrated.home, ".venv": Path(sys.prefix)}
    for name, there in (links | {each: PROJECT / each for each in ("docs", "grants")}).items():
        (site / name).symlink_to(there)
    assert migrated.database_url is not None
    words = {
        "BASELIB_HOME": str(migrated.home),
        "BASELIB_DATABASE_URL": migrated.database_url.get_secret_value(),
        "BASELIB_SERVICE": f"http://127.0.0.1:{port}",
        "EDITOR": "true",
    }
    done = subprocess.run(
        ["/bin/bash", "-c", script(port)], cwd=site, env=os.environ | words, timeout=900,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    page = (site / "dossier.html").read_text(encoding="utf-8")
    assert "<html" in page
    assert "贷审〔2026〕7号" in page
    return done.stdout


def test_every_command_of_the_guide_does_what_it_says(walked: str):
    failed = [line for line in walked.splitlines() if line.startswith(FAILED)]
    assert [line.split()[2:4] for line in failed] == [["grants", "diff"]], walked
    parts = [
        '"answer":"yes"', '"entities":[{', '"linked":{"e_license":[', '"complete":true',
        '"events":[]', '"state":"handed_in"', "no fault.", "my_office__my_purpose: ",
        "legal basis: 《住房公积金管理条例》", "None -> new", "my_office__my_purpose: applied",
        '"purpose":"住房公积金贷款申请人资格审核"', "education__work_orders: applied",
        '"type":"baselib.issue.open.v1"', '"work_order":"issue-i1","state":"handed_in"',
    ]  # fmt: skip
    at = 0
    for part in parts:
        found = walked.find(part, at)
        assert found >= 0, f"{part} is not there, or not after what goes before it:\n{walked}"
        at = found


def test_the_guide_s_sql_is_what_a_login_of_the_grant_may_say(told: list[str], warehouse: Engine):
    login, reads = re.findall(r"```sql\n(.*?)```", GUIDE, flags=re.DOTALL)
    with warehouse.connect() as connection:  # nothing is committed: roles are the whole server's
        connection.execute(text(login))
        connection.execute(text("GRANT g_housing_fund__loan_review TO li_lei"))
        connection.execute(text("SET LOCAL ROLE li_lei"))
        for statement in filter(str.strip, reads.split(";")):
            assert connection.exec_driver_sql(statement).fetchall() == []


def known(command: Any, words: list[str]) -> bool:
    """Whether these words name a verb of the command line and options that it has."""
    while words and hasattr(command, "commands") and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    options = {name for each in command.params for name in each.opts}
    return not hasattr(command, "commands") and all(
        word.partition("=")[0] in options for word in words if word.startswith("-")
    )


def test_every_verb_that_the_guide_names_is_there():
    named = re.findall(r"(?:\.venv/bin/)?baselib ((?:grants|audit|serve|db|demo)[^`\n#&|]*)", GUIDE)
    commands = typer.main.get_command(app)
    assert len(named) >= 8
    # What is quoted is an argument, and may go on in the next line.
    words = [line.split('"')[0].rstrip(")' ") for line in named]
    wrong = [line for line in words if not known(commands, shlex.split(line))]
    assert wrong == []


def test_the_guide_s_client_is_the_one_that_ran():
    client = PROJECT / "docs" / "consumer.py"
    assert "](consumer.py)" in GUIDE
    assert len(client.read_text(encoding="utf-8").splitlines()) <= 36


def test_a_next_delivery_has_one_other_name_and_else_every_byte():
    head = "主体身份代码,企业名称,住所\r\n"
    rows = ['1,"甲,乙有限公司","一\n二"\r\n', "2,丙有限公司,\r\n", "2,丁厂,\r\n", "短行\r\n"]
    changed = rename(head + "".join(rows), "2")
    assert changed == head + rows[0] + "2,丙股份有限公司,\r\n" + "".join(rows[2:])
