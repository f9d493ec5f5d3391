"""Back to an earlier publication: its content again, every id leads somewhere, a replay agrees."""

import pytest
from identity_town import LIBRARY, Town, person
from sqlalchemy import text

from pipelines.flows.library.consequences.id_changes import approve_run
from pipelines.flows.library.roll_back import roll_back
from pipelines.flows.shared.errors import IdBudgetExceeded, NothingToRestore
from pipelines.flows.verify import verify
from pipelines.warehouse import connect, read_publications

POLICE, HEALTH = "public_security__register", "health__patients"
GOOD, BAD, MENDED = "20260701", "20260702", "20260703"
BY = {"by": "李主任", "reason": "公安批次有误"}


def asked(town: Town, sql: str) -> list[tuple[object, ...]]:
    engine = connect(town.settings)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(sql))]
    engine.dispose()
    return found


def golden(town: Town) -> list[tuple[object, ...]]:
    return asked(
        town, "SELECT entity_id, person_name, citizen_id, mobile FROM base.person ORDER BY 1"
    )


def test_what_was_published_is_restored_and_every_id_leads_somewhere(town):
    people = [person(n) for n in range(1, 31)]
    town.deliver(GOOD, POLICE, people)
    town.deliver(GOOD, HEALTH, [person(n) for n in range(20, 40)])
    town.publish(GOOD)
    good = golden(town)
    # The next delivery lacks one, brings new ones, and says that 20 to 23 are other people: they
    # are taken apart from what the hospital knows of them.
    swapped = {n: {**person(n + 50), "key": str(n)} for n in range(20, 24)}
    town.deliver(BAD, POLICE, [swapped.get(n, person(n)) for n in range(2, 45)])
    town.build(BAD)
    with pytest.raises(IdBudgetExceeded):
        town.check_ids(BAD)
    approve_run(town.settings, BAD, **BY)
    town.publish(BAD)
    bad = golden(town)
    assert bad != good

    done = roll_back(town.settings, LIBRARY.name, GOOD, **BY)
    assert golden(town) == good
    assert done.entities == len(good)
    last = read_publications(connect(town.settings), LIBRARY.name)[-1]
    assert (last.restored_by, last.reason) == (BY["by"], BY["reason"])

    # Every id that was ever given out lives, leads to one that lives, or is known to have ended.
    alive = {row[0] for row in good}
    redirects = dict(asked(town, "SELECT entity_id, current_id FROM base.person_redirect"))
    gone = {row[0] for row in bad} - alive
    assert gone
    assert gone <= redirects.keys()
    assert not redirects.keys() & alive
    assert {to for to in redirects.values() if to} <= alive
    # The records of 20 to 23 belong to the people they belonged to before.
    assert sum(redirects[one] is not None for one in gone) == 4

    # The change feed tells the way back, and the history is what is published.
    told = dict(
        asked(
            town, f"SELECT op, count(*) FROM serve.change WHERE publication = {last.id} GROUP BY 1"
        )
    )
    assert told == done.changed
    assert told["restored"] == len(alive - {row[0] for row in bad})
    assert told["merged"] + told["removed"] == len(gone)
    history = "SELECT entity_id, person_name, citizen_id, mobile FROM serve.person_history"
    assert asked(town, f"{history} WHERE to_pub IS NULL ORDER BY 1") == good

    # The next publication waits for a person.
    town.deliver(MENDED, POLICE, people)
    town.build(MENDED)
    with pytest.raises(IdBudgetExceeded, match="rolled back"):
        town.check_ids(MENDED)
    approve_run(town.settings, MENDED, **BY)
    town.publish(MENDED)

    # And forward again, which a replay of all of it comes to, byte for byte.
    forward = roll_back(town.settings, LIBRARY.name, BAD, **BY)
    assert golden(town) == bad
    (verified,) = verify(town.settings)
    assert (verified.run, verified.entities) == (forward.run, len(bad))
    with pytest.raises(NothingToRestore, match=GOOD):
        roll_back(town.settings, LIBRARY.name, "20260101", **BY)
