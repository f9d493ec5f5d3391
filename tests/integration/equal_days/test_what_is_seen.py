"""What is recorded and told of a day on which nothing new came, and what ends its ending."""

from sqlalchemy import text
from two_cities import SOURCES, City, person

from pipelines.contracts import load_sources
from pipelines.flows.shared.session import open_session
from pipelines.flows.source.ingest import stage
from pipelines.flows.source.unchanged import what_was_equal
from pipelines.lake import open_lake
from pipelines.warehouse import read_publications

POLICE, CHANGES = SOURCES
DAYS = ("20260301", "20260302", "20260303", "20260304")


def made(city: City) -> dict[str, object]:
    """Everything that a day may leave: snapshots, publications, comparisons, mails, results."""
    lake = open_lake(city.settings)
    tables = ("quality.publication", "quality.mail", "quality.expectation_result", "quality.score")
    with open_session(city.settings) as session, session.warehouse.connect() as connection:
        counted = {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in (*tables, "quality.id_comparison", "quality.issue_event")
        }
    return counted | {table: lake.snapshot_id(table) for table in lake.tables()}


def test_the_story_of_a_source_that_repeats_itself(new_city):
    city: City = new_city("short")
    rows = [person(number) for number in range(1, 9)] + [("", "无名", "", "", "", "", "")]
    for source in SOURCES:
        city.deliver(source, DAYS[0], rows)
    city.run(DAYS[0])
    before = made(city)

    # The same bytes from one, the same rows in another order from the other.
    city.deliver(POLICE, DAYS[1], rows)
    city.deliver(CHANGES, DAYS[1], rows[::-1])
    city.run(DAYS[1])
    assert made(city) == before
    first, equal = (each for each in city.batches() if each.source == CHANGES)
    assert equal.equal_to == DAYS[0]
    assert (equal.landed, equal.staged, equal.quarantined) == (9, 8, 1)
    assert (equal.findings, equal.judged_by) == (first.findings, first.judged_by)
    assert equal.remarks == [
        f"{CHANGES}_{DAYS[1]}.csv：与批次 {DAYS[0]} 内容完全相同，没有任何变化。"
    ]
    (sentence,) = what_was_equal(city.settings, [*SOURCES], DAYS[1])
    assert f"{POLICE} (batch {DAYS[0]})" in sentence

    # One row more: that source is staged, and the library reads the other one as of that day.
    city.deliver(POLICE, DAYS[2], [*rows, person(9)])
    city.deliver(CHANGES, DAYS[2], rows)
    city.run(DAYS[2])
    assert [each.equal_to for each in city.batches(DAYS[2])] == [DAYS[0], None]
    with open_session(city.settings) as session:
        published = read_publications(session.warehouse, "population")
    assert [each.run for each in published] == [DAYS[0], DAYS[2]]

    # Whoever is told of every delivery that brings nothing is told, and the whole day runs.
    city.write_contract(CHANGES, more=", {property: expects_changes, value: true}")
    city.deliver(CHANGES, DAYS[3], rows)
    city.run(DAYS[3], [CHANGES])
    (told,) = city.batches(DAYS[3])
    assert told.equal_to is None
    assert "内容完全相同" in told.remarks[-1]

    # A batch without rows of its own gets them when it is staged by itself.
    contract = load_sources(city.settings)[CHANGES]
    assert stage(city.settings, contract, DAYS[1]).staged == 8
    assert [each.equal_to for each in city.batches(DAYS[1]) if each.source == CHANGES] == [None]
