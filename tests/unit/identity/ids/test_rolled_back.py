"""Where ids lead after a roll back, against a plain-Python oracle."""

import ibis
from histories import table
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity.ids.rolled_back import redirects_back

ALIVE = {"entity_id": "string"}
LED = {"entity_id": "string", "current_id": "string"}
RECORD = {"entity_id": "string", "source": "string", "source_key": "string"}
IDS = [f"P-{n}" for n in range(9)]
CON = ibis.duckdb.connect()


@st.composite
def states(draw):
    """Two publications: each record belongs to an entity; ids that ended lead to one or nowhere."""
    keys = draw(st.sets(st.integers(0, 7), min_size=1))
    owners = {key: draw(st.sampled_from(IDS)) for key in keys}
    alive = set(owners.values())
    ended = draw(st.sets(st.sampled_from(IDS))) - alive
    places = [None, *sorted(alive)]
    return owners, {one: draw(st.sampled_from(places)) for one in ended}


def oracle(then, now):
    """A later id goes where most of its records were; one that ended goes on from there."""
    (was, was_led), (owners, led) = then, now
    living = set(was.values())

    def heir(entity):
        votes = [was[key] for key, owner in owners.items() if owner == entity and key in was]
        return max(sorted(set(votes)), key=votes.count, default=None)

    found = dict(was_led)
    for one in {*owners.values(), *led} - living - was_led.keys():
        target = one if one in owners.values() else led[one]
        found[one] = target if target in living or target is None else heir(target)
    return found


def told(then, now):
    rows = {}
    for name, (owners, led) in (("then", then), ("now", now)):
        alive = [{"entity_id": one} for one in sorted(set(owners.values()))]
        rows[f"{name}_alive"] = table(alive, ALIVE)
        ended = [{"entity_id": one, "current_id": to} for one, to in led.items()]
        rows[f"{name}_redirect"] = table(ended, LED)
        records = [
            {"entity_id": owner, "source": "a__b", "source_key": str(key)}
            for key, owner in owners.items()
        ]
        rows[f"{name}_source"] = table(records, RECORD)
    found = CON.to_pyarrow(redirects_back(CON, **rows)).to_pylist()
    assert len({row["entity_id"] for row in found}) == len(found), "one row per id"
    return {row["entity_id"]: row["current_id"] for row in found}


@settings(max_examples=12, deadline=None)
@given(then=states(), now=states())
def test_every_id_that_was_ever_given_out_leads_where_its_records_are(then, now):
    assert told(then, now) == oracle(then, now)


def test_of_two_heirs_the_one_with_more_records_is_taken_and_a_repeat_changes_nothing():
    then = ({1: "P-1", 2: "P-1", 3: "P-2"}, {"P-0": "P-1"})
    now = ({1: "P-5", 2: "P-5", 3: "P-5", 4: "P-6"}, {"P-0": "P-5", "P-1": "P-5", "P-7": "P-5"})
    back = told(then, now)
    assert back == {"P-0": "P-1", "P-5": "P-1", "P-6": None, "P-7": "P-1"}
    # Interrupted after its redirects were written, it is repeated on them.
    assert told(then, (now[0], back)) == back
