"""T6: a person whose every value is a canary is nowhere but where records are kept.

Values, the record's key and the name of the file are hers; a statement with them fails, and so does
a delivery. Records are kept in the lake, in ``landing``, ``base`` and the history.
"""

import csv
from pathlib import Path

import pytest
from identity_town import COLUMNS, LIBRARY, Town, person, valid_number
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pipelines.contracts import load_sources
from pipelines.errors import BaselibError
from pipelines.flows import land, publish, report, stage, track
from pipelines.flows.erasure.search import search_databases, search_home
from pipelines.warehouse import connect
from tests.integration.let_pass import let_pass

SOURCE, BATCH = "public_security__register", "20260701"
NUMBER = valid_number("11010519870214882")
CANARY = {
    **person(3),
    "key": NUMBER,
    "number": NUMBER,
    "name": "诸葛独秀",
    "mobile": "13866667777",
    "address": "独一无二街88号",
}
WRONG = {**CANARY, "key": "13866667777", "sex": f"男 {NUMBER}", "born": "诸葛独秀"}
VALUES = [NUMBER, "诸葛独秀", "13866667777", "独一无二街"]


@pytest.fixture(scope="module")
def canary(module_town: Town) -> Town:
    town = module_town
    contract = town.settings.sources[0] / "population" / f"{SOURCE}.yml"
    told = contract.read_text(encoding="utf-8").replace("_{batch}.csv", "_{batch}_*.csv")
    contract.write_text(told, encoding="utf-8")
    file = contract.with_name(f"{SOURCE}_{BATCH}_诸葛独秀_{NUMBER}.csv")
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS.values())
        rows = [person(1), person(2), CANARY, WRONG]
        writer.writerows([row[column] for column in COLUMNS] for row in rows)
    source = load_sources(town.settings)[SOURCE]
    for verb in (land, stage, let_pass, track, report):
        verb(town.settings, source, BATCH)
    town.build(BATCH)
    publish(town.settings, LIBRARY.name, BATCH)
    damaged = file.with_name(f"{SOURCE}_20260702_诸葛独秀_{NUMBER}.csv")
    damaged.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(BaselibError) as refused:
        land(town.settings, source, "20260702")
    assert not any(value in str(refused.value) for value in VALUES)
    return town


def test_files_have_it_only_where_records_are_kept(canary: Town):
    found = {path.parts[0] for path in search_home(canary.settings, VALUES)}
    assert "lake" in found
    assert found <= {"lake", "landing", "sources"}
    mails = list(canary.settings.outbox_dir.glob("*.eml"))
    assert mails, "there was something to tell"


def test_tables_have_it_only_where_records_are_kept(canary: Town):
    found = {table.partition(".")[2] for table in search_databases(canary.settings, VALUES)}
    assert "base.person" in found
    assert found <= {"base.person", "base.person_source", "serve.person_history"}


def test_a_failing_statement_leaves_no_value_in_the_server_s_log(canary: Town, postgres_home: Path):
    engine = connect(canary.settings)
    for statement in (
        f"SELECT '{NUMBER}'::date",
        "INSERT INTO quality.erased (source, digest) VALUES (:v, :v), (:v, :v)",
    ):
        with engine.connect() as connection, pytest.raises(DBAPIError) as failed:
            connection.execute(text(statement), {"v": NUMBER})
        assert ":v" not in statement or NUMBER not in str(failed.value.statement)
    engine.dispose()
    log = (postgres_home / "postgres" / "server.log").read_text(encoding="utf-8", errors="replace")
    assert NUMBER not in log
