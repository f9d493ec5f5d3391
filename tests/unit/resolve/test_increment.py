"""An increment ends where a full run ends: random cities that live through random batches.

Record for record, event for event, question for question, and with the same index to stand on;
after any sequence of batches in which records come, are corrected, lose or exchange values, go and
come back, and people decide, revoke and contradict the rules.
"""

import random
import sys

import ibis
import pytest
from test_laws import town
from worlds import KEY, plain

from benchmarks.identity.world import RECORDS, make_world
from pipelines.libraries import load_library
from pipelines.resolve import blocks, increment, near, nearby, pairs, resolve
from pipelines.resolve.increment import Before, resolve_increment
from pipelines.resolve.questions import DECISION_SCHEMA

TABLES = ("record", "disputed", "question", "event", "index")
BATCHES = 3
VERDICTS = ("same", "different")
SCALES = {"population": 1_500, "legal_entity": 6_000}  # about 1,300 and 1,000 records


class City:
    """The records that are known, those to come, and what people have decided."""

    def __init__(self, columns, rows, dice):
        dice.shuffle(rows)
        first = len(rows) * 85 // 100
        self.known = {(row["source"], row["source_key"]): row for row in rows[:first]}
        self.to_come = rows[first:]
        self.decided = []
        self.columns, self.dice = columns, dice

    def live(self, day, pairs):
        """One batch: about one record in thirty changes, and people decide about some pairs."""
        names = sorted(self.known)
        for name in self.dice.sample(names, len(names) // 30):
            self._change(name, self.known[self.dice.choice(sorted(self.known))], day)
        for _ in range(min(len(names) // 60, len(self.to_come))):
            row = self.to_come.pop(self.dice.randrange(len(self.to_come)))
            name = row["source"], row["source_key"]
            self.known.setdefault(name, {**row, "since_batch": day, "batch": day})
        few = self.dice.sample(pairs, min(4, len(pairs)))
        self.decided += [(*pair, self.dice.choice(VERDICTS)) for pair in few]
        if len(self.decided) > 5:
            self.decided.pop(self.dice.randrange(len(self.decided)))

    def _change(self, name, another, day):
        if self.dice.random() < 0.25:
            self.to_come.append(self.known.pop(name))
            return
        row = {**self.known[name], "batch": day}
        for column in self.dice.sample(self.columns, self.dice.choice((1, 1, 4))):
            row[column] = None if self.dice.random() < 0.4 else another.get(column)
        self.known[name] = row

    def rows(self):
        """In any order."""
        return self.dice.sample(list(self.known.values()), len(self.known))

    def decisions(self):
        """As ``resolve`` takes them, or None."""
        told = [dict(zip(DECISION_SCHEMA, each, strict=True)) for each in self.decided]
        return ibis.memtable(told, schema=ibis.schema(DECISION_SCHEMA)) if told else None


def held(con, table):
    return ibis.memtable(con.to_pyarrow(table))


def pairs_of(con, found):
    """What a steward would decide about: questions, and links that he doubts."""
    asked = con.to_pyarrow(found.question).to_pylist()
    sides = ("left_source", "left_key", "right_source", "right_key")
    linked = con.to_pyarrow(found.record.filter(found.record.linked_key.notnull())).to_pylist()
    links = [
        [r[c] for c in ("source", "source_key", "linked_source", "linked_key")] for r in linked
    ]
    return sorted([*([row[side] for side in sides] for row in asked), *links[:8]])


@pytest.fixture(scope="module")
def cities(con, tmp_path_factory):
    """Rows by library, from the benchmark's generator: all that is hard is planted in them."""

    def rows(library):
        home = tmp_path_factory.mktemp(library)
        folder = make_world(home, library, SCALES[library], seed=11)
        return con.to_pyarrow(con.read_parquet(folder / RECORDS)).to_pylist()

    return {library: rows(library) for library in SCALES}


def live_through(con, records_of, library, city):
    """Resolve both ways after each batch; which share of the records the increments looked at."""
    records = records_of(library, city.rows())
    state = resolve(con, records, library, key=KEY, run="run-0", indexed=True)
    events = held(con, state.event)
    shares = []
    for step in range(1, BATCHES):
        city.live(f"202607{step:02}", pairs_of(con, state))
        records, decisions = records_of(library, city.rows()), city.decisions()
        before = Before(held(con, state.record), events, held(con, state.index))
        told = {"key": KEY, "run": f"run-{step}", "decisions": decisions}
        part = resolve_increment(con, records, library, before, **told)
        state = resolve(
            con, records, library, previous=before.record, events=events, indexed=True, **told
        )
        assert part is not None
        for name in TABLES:
            full = getattr(state, name)
            spliced = getattr(part.resolved, name).select(*full.columns)
            assert plain(con, spliced) == plain(con, full), name
        shares.append(part.looked_at / len(city.known))
        events = held(con, events.union(held(con, state.event), distinct=False))
    return shares


@pytest.fixture(autouse=True)
def _never_too_large(monkeypatch):
    monkeypatch.setattr(increment, "LARGEST_CHANGE", 9.0)
    monkeypatch.setattr(increment, "LARGEST_LOOKED_AT", 9.0)


@pytest.fixture
def _crowded(monkeypatch):
    """Blocks are soon too large, so that many cross their limits."""
    for module, limit in ((pairs, 4), (near, 5), (nearby, 2)):
        monkeypatch.setattr(module, "LARGEST_BLOCK", limit)
    monkeypatch.setattr(blocks, "LARGEST_BLOCK", 4)
    monkeypatch.setattr(blocks, "LARGEST_NEARBY", 2)


@pytest.mark.parametrize("name", list(SCALES))
@pytest.mark.usefixtures("_crowded")
def test_an_increment_ends_where_a_full_run_ends(con, records_of, cities, name):
    library, dice = load_library(name), random.Random(name)
    city = City(list(library.record_columns), cities[name], dice)
    shares = live_through(con, records_of, library, city)
    assert max(shares) < 0.6, "most records are never looked at"


def test_it_does_by_rules_alone_where_everybody_collides(con, records_of, monkeypatch):
    # The module, not the function of its name; an increment asks it, too.
    for module in (sys.modules["pipelines.resolve.resolve"], increment):
        monkeypatch.setattr(module, "model_in_force", lambda *_: None)
    library, dice = load_library("population"), random.Random(1)
    columns = ["person_name", "mobile", "birth_date", "citizen_id"]
    city = City(columns, spread(town(1, 180), dice), dice)
    assert min(live_through(con, records_of, library, city)) < 1


def test_too_much_change_is_left_to_a_full_run(con, records_of, monkeypatch):
    monkeypatch.setattr(increment, "LARGEST_CHANGE", 0.2)
    library = load_library("population")
    rows = town(1, 40)
    state = resolve(con, records_of(library, rows), library, key=KEY, run="a", indexed=True)
    before = Before(state.record, state.event, state.index)
    other = [{**row, "person_name": "王伟"} for row in rows]
    records = records_of(library, other)
    assert resolve_increment(con, records, library, before, key=KEY, run="b") is None


def spread(rows, dice):
    """So many names, numbers, mobiles and addresses that not everybody knows everybody."""
    told = []
    for row in rows:
        after = {**row, "person_name": row["person_name"] + dice.choice("甲乙丙丁戊己庚辛")}
        if row.get("citizen_id"):
            after["citizen_id"] = f"{row['citizen_id'][:16]}{dice.randrange(10, 60)}"
        if row["mobile"]:
            after["mobile"] = f"139000000{dice.randrange(10, 60)}"
        if row["residence_address"]:
            after["residence_address"] = f"和平路{dice.randrange(10, 60)}号3单元"
        told.append(after)
    return told
