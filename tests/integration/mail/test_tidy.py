"""What the outbox need not keep is deleted, and nothing that somebody may still need."""

import os
from contextlib import closing
from datetime import UTC, datetime, timedelta

import ibis
import pytest
from sqlalchemy import text

from pipelines.engines.duck import connect as connect_duck
from pipelines.flows.mail.tidy import tidy
from pipelines.flows.shared.upkeep import LAKE_FILES
from pipelines.lake import open_lake
from pipelines.lake.lock import work_lock
from pipelines.warehouse import NewMail, Told, connect, migrate, queue_mail

NOW = datetime.now(UTC)


@pytest.fixture
def outbox(settings):
    """Five messages, one in each state, and a sheet; all of them a year old but the last."""
    migrate(settings)
    settings.outbox_dir.mkdir(parents=True)
    engine = connect(settings)
    for state in ("sent", "closed", "pending", "failed", "doubtful"):
        mail = NewMail("batch", "a__b", state, "x@example.gov.cn", 1, 1, state, "s", f"{state}.eml")
        assert queue_mail(engine, [mail], [Told("a__b", state)])
        with engine.begin() as connection:
            change = text("UPDATE quality.mail SET state = :state WHERE batch = :state")
            connection.execute(change, {"state": state})
        aged(settings.outbox_dir / mail.path, days=365)
    yield engine
    engine.dispose()


def aged(file, days):
    file.write_text("x", encoding="utf-8")
    then = (NOW - timedelta(days=days)).timestamp()
    os.utime(file, (then, then))


def left(settings):
    return sorted(file.name for file in settings.outbox_dir.iterdir())


def test_old_reports_and_sheets_go_and_what_was_not_sent_stays(settings, outbox):
    for name, days in (("a__b-1-01.xlsx", 365), (".draft", 365), ("a__b-2-01.xlsx", 179)):
        aged(settings.outbox_dir / name, days)
    assert tidy(settings).deleted == 4
    assert left(settings) == ["a__b-2-01.xlsx", "doubtful.eml", "failed.eml", "pending.eml"]
    assert tidy(settings).deleted == 0
    with outbox.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM quality.mail")).scalar_one() == 5


@pytest.mark.parametrize("days", [0, 400])
def test_a_site_may_keep_them_longer(settings, outbox, days):
    assert tidy(settings.model_copy(update={"report_days": days})).deleted == 0
    assert len(left(settings)) == 5


def test_a_day_of_long_ago_deletes_nothing(settings, outbox):
    today = (NOW - timedelta(days=365)).date()
    assert tidy(settings.model_copy(update={"today": today})).deleted == 0


def test_without_an_outbox_there_is_nothing_to_do(settings):
    assert tidy(settings).deleted == 0


def test_files_that_a_crash_left_in_the_lake_go_once_a_day(settings):
    migrate(settings)
    con = connect_duck(settings)
    rows = ibis.memtable({"name": ["a"]}, schema=ibis.schema({"name": "string"}))
    with closing(open_lake(settings)) as lake:
        lake.write(con, rows, "staged.a__b", batch="20260630")
        (kept,) = lake.files("staged.a__b")
    con.disconnect()
    assert tidy(settings).orphans == 0
    for name, days in (("old.parquet", 2), (".half.parquet.0", 2), ("young.parquet", 0)):
        aged(kept.with_name(name), days)
    aged(kept.with_name("kept"), 0)
    os.utime(kept, (0, 0))  # old, and in use
    assert tidy(settings).orphans == 0  # swept a moment ago
    os.utime(settings.lake_dir / ".swept", (0, 0))
    assert tidy(settings).orphans == 2
    assert {file.name for file in kept.parent.iterdir()} == {kept.name, "young.parquet", "kept"}


def test_what_the_lake_was_long_ago_goes_and_what_a_run_read_stays(settings):
    migrate(settings)
    inputs = {"source": ["a__b"], "snapshot_id": [first_of_three(settings)]}
    con = connect_duck(settings)
    with closing(open_lake(settings)) as lake:
        kinds = ibis.schema({"source": "string", "snapshot_id": "int64"})
        rows = ibis.memtable(inputs, schema=kinds)
        lake.write(con, rows, "identity.person_input", batch="20260630")
    con.disconnect()
    assert tidy(settings).expired == 0
    assert a_year_later(settings, snapshot_days=1000) == 0
    assert a_year_later(settings, snapshot_days=0) == 0
    assert a_year_later(settings) == 1  # the second; the first was read, the third is current
    with closing(open_lake(settings)) as lake:
        assert lake.files("staged.a__b", snapshot_id=inputs["snapshot_id"][0])
        assert len(lake.files("staged.a__b")) == 1


def test_nothing_of_the_lake_goes_while_a_backup_is_taken(settings):
    migrate(settings)
    first_of_three(settings)
    engine = connect(settings)
    with work_lock(engine, LAKE_FILES):
        assert a_year_later(settings) == 0
    engine.dispose()
    assert a_year_later(settings) == 2


def a_year_later(settings, **more):
    (settings.lake_dir / ".swept").unlink(missing_ok=True)
    today = (NOW + timedelta(days=365)).date()
    return tidy(settings.model_copy(update={"today": today} | more)).expired


def first_of_three(settings):
    """Write one batch three times; the snapshot of the first."""
    con, written = connect_duck(settings), []
    with closing(open_lake(settings)) as lake:
        for name in "abc":
            rows = ibis.memtable({"name": [name]}, schema=ibis.schema({"name": "string"}))
            written.append(lake.write(con, rows, "staged.a__b", batch="20260630").snapshot_id)
    con.disconnect()
    return written[0]
