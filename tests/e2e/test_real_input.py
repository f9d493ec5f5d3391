"""184,168 real registrations, with all their dirt, from the file to the base tables.

The figures are those that the collection's own description gives, where it gives them.
"""

from pathlib import Path

import duckdb
import pytest

from pipelines.contracts import load_sources
from pipelines.flows.run import run_libraries
from pipelines.lake import open_lake
from pipelines.libraries import load_library
from pipelines.settings import load_settings
from pipelines.warehouse import (
    connect,
    migrate,
    read_batches,
    read_findings,
    read_publications,
    stop_embedded,
)
from pipelines.warehouse.server.embedded import EmbeddedServer

CONTRACTS = Path(__file__).parents[1] / "fixtures" / "real_input"
DATA = Path(__file__).parents[3] / "shared" / "data" / "enterprises_real.parquet"
NAME = "market_regulation__enterprise_registrations"
BATCH = "20190430"
ROWS = 184_168

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.exists(), reason="the real registrations are not beside the repo"),
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    home = tmp_path_factory.mktemp("real")
    settings = load_settings(home=home, sources=(CONTRACTS,), today="2019-04-30")
    EmbeddedServer(home / "postgres").make_throwaway()
    migrate(settings)
    outcome = run_libraries(
        settings,
        [load_library("legal_entity")],
        list(load_sources(settings).values()),
        BATCH,
        lambda _what: None,
    )
    assert outcome.failures == {}
    yield settings
    stop_embedded(settings)


@pytest.fixture(scope="module")
def warehouse(settings):
    engine = connect(settings)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def rows_by_rule(warehouse):
    counts = read_findings(warehouse, NAME, BATCH)
    return {(count.column_name, count.rule): count.row_count for count in counts}


def test_every_row_is_accounted_for(warehouse):
    (batch,) = read_batches(warehouse, NAME, BATCH)
    assert batch.landed == ROWS
    assert batch.staged + batch.superseded + batch.quarantined == ROWS
    assert batch.quarantined < 0.001 * ROWS


def test_no_genuine_code_is_rejected_for_its_region(settings):
    """A code that passes both check digits is kept, whether or not GB/T 2260 knows its region."""
    staged = [str(path) for path in open_lake(settings).files(f"staged.{NAME}", BATCH)]
    lost = (
        duckdb.connect()
        .execute(
            """
        SELECT count(*) FROM read_parquet(?)
        WHERE uscc IS NULL
          AND list_contains(list_transform(findings, lambda f: f.rule), 'REGION_UNKNOWN')
          AND len(list_filter(
              findings, lambda f: f."column" = 'uscc' AND f.severity = 'error')) = 0
        """,
            [staged],
        )
        .fetchone()
    )
    assert lost == (0,)


def test_findings_agree_with_what_is_known_of_the_data(rows_by_rule):
    """Of the collection's 191 and 189 wrong check digits this selection holds a part, as of 7,449
    registration numbers in the code column."""
    assert rows_by_rule["uscc", "REGISTRATION_NUMBER_IN_USCC"] > 3_000
    assert 0 < rows_by_rule["uscc", "USCC_CHECK"] <= 191
    assert 0 < rows_by_rule["uscc", "ORG_CHECK"] <= 189
    assert rows_by_rule["uscc", "REGION_UNKNOWN"] > 0.01 * ROWS
    assert ("establishment_date", "DATE_INVALID") not in rows_by_rule


def test_the_library_is_published(warehouse):
    (publication,) = read_publications(warehouse, "legal_entity")
    entities = publication.row_counts["legal_entity"]
    assert 0.95 * ROWS < entities <= ROWS
