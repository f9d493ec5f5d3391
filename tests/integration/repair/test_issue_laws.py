"""The life of issues against an oracle in plain Python, over random deliveries and answers."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from pipelines.engines import kept_sql
from pipelines.quality.issues import ISSUE_SCHEMA, TRACKED_ISSUE_SCHEMA, issue_changes
from pipelines.warehouse import connect, migrate
from pipelines.warehouse.people.corrections import APPLIED_ANSWER_SCHEMA, record_answers
from pipelines.warehouse.quality.issues.owner_months import record_sent
from pipelines.warehouse.quality.issues.tracked import open_issues
from tests.integration.repair.conftest import make_department

WHEN = datetime(2026, 6, 1, 4, tzinfo=UTC)
BATCHES = ("20260601", "20260602-2", "20260602-10", "20260603")  # in the order of delivery
RECORDS = ("r1", "r2")
NUMBERS = count()

# what a batch says: each record it has, with the value that is at fault, or None if none is
CONTENT = st.dictionaries(
    st.sampled_from(RECORDS), st.sampled_from([None, "x", "y"]), max_size=len(RECORDS)
)
STEP = st.one_of(
    st.tuples(st.just("track"), st.sampled_from(BATCHES), CONTENT),
    st.tuples(st.just("track"), st.sampled_from(BATCHES), CONTENT),
    st.tuples(st.just("sent"), st.sampled_from(BATCHES), st.none()),
    st.tuples(st.just("promised"), st.sampled_from(RECORDS), st.none()),
    st.tuples(st.just("confirmed"), st.sampled_from(RECORDS), st.none()),
)


@dataclass
class Life:
    """One issue as the documentation tells it."""

    state: str
    first: str
    last: str
    value: str
    reopened: int = 0
    missing: bool = False


@dataclass
class Oracle:
    """Issues by record; the batches that have been delivered, and their content."""

    whole: bool
    delivered: dict[str, dict[str, str | None]] = field(default_factory=dict)
    issues: dict[str, Life] = field(default_factory=dict)

    def is_current(self, batch: str, record: str) -> bool:
        newer = [b for b in self.delivered if BATCHES.index(b) > BATCHES.index(batch)]
        return not newer if self.whole else not any(record in self.delivered[b] for b in newer)

    def newest(self, batch: str) -> bool:
        return all(BATCHES.index(b) <= BATCHES.index(batch) for b in self.delivered)

    def track(self, batch: str) -> None:
        for record in RECORDS:
            there = record in self.delivered[batch]
            self._follow(batch, record, there, self.delivered[batch].get(record))

    def _follow(self, batch: str, record: str, there: bool, fault: str | None) -> None:
        speaks = self.is_current(batch, record)
        issue = self.issues.get(record)
        if issue is None:
            if fault and speaks:
                self.issues[record] = Life("open", batch, batch, fault)
            return
        if fault and speaks:
            later = BATCHES.index(batch) > BATCHES.index(issue.last)
            comes_back = issue.state == "fixed" or (
                issue.state == "confirmed_correct" and issue.value != fault
            )
            if comes_back:
                issue.state, issue.reopened = "open", issue.reopened + 1
            elif issue.state == "confirmed_correct":
                return
            elif issue.state == "answered" and later:
                issue.state = "not_fixed"
            issue.last, issue.value, issue.missing = batch, fault, False
        elif fault:
            if BATCHES.index(batch) < BATCHES.index(issue.first):
                issue.first = batch
        elif issue.state not in ("fixed", "confirmed_correct"):
            if there and speaks:
                issue.state, issue.missing = "fixed", False
            elif not there and self.whole and self.newest(batch):
                issue.missing = True  # which is no repair

    def sent(self, batch: str) -> None:
        for issue in self.issues.values():
            if issue.state == "open" and issue.last == batch:
                issue.state = "sent"

    def answer(self, record: str, verdict: str) -> None:
        issue = self.issues.get(record)
        if issue and issue.state not in ("fixed", "confirmed_correct"):
            issue.state = "answered" if verdict == "promised" else "confirmed_correct"


@pytest.fixture(scope="module")
def world(module_settings, tmp_path_factory):
    migrate(module_settings)
    made = make_department(module_settings, tmp_path_factory.mktemp("in"), "snapshot")
    engine = connect(module_settings)
    yield made, engine, kept_sql.connect()
    engine.dispose()
    made.engine.dispose()


def table(rows, schema):
    kinds = {"string": pa.string(), "int64": pa.int64(), "boolean": pa.bool_()}
    arrow = pa.schema([(name, kinds[kind]) for name, kind in schema.items()])
    return ibis.memtable(pa.Table.from_pylist(rows, arrow), schema=ibis.schema(schema))


def run_track(made, source, con, oracle, batch):
    content = oracle.delivered[batch]
    found = [
        {
            "fingerprint": f"{source.name}-{record}", "record": record, "column_name": "c",
            "rule": "R", "severity": "error", "batch": batch, "file": "f", "line": 1,
            "is_quarantined": False, "value_digest": fault,
            "is_current": oracle.is_current(batch, record),
        }
        for record, fault in content.items() if fault
    ]  # fmt: skip
    covered = [{"record": r} for r in content if oracle.is_current(batch, r)]
    with open_issues(made.settings, source) as issues:
        changes = issue_changes(
            ibis.memtable(issues.read_layer("batch"), schema=ibis.schema(TRACKED_ISSUE_SCHEMA)),
            table(found, {**ISSUE_SCHEMA, "is_current": "boolean"}),
            table(covered, {"record": "string"}),
            table([], {"record": "string", "column_name": "string"}),
            batch=batch,
            whole=oracle.whole and oracle.newest(batch),
        )
        reader = con.to_pyarrow(changes).to_reader()
        issues.apply(reader, layer="batch", batch=batch, when=WHEN)


def run_answer(made, source, record, verdict):
    answer = dict.fromkeys(APPLIED_ANSWER_SCHEMA, "") | {
        "fingerprint": f"{source.name}-{record}",
        "record": record,
        "column_name": "c",
        "rule": "R",
        "verdict": verdict,
        "since_batch": BATCHES[0],
        "reason": "checked",
    }
    answer["new_value"] = None
    schema = pa.schema([(name, pa.string()) for name in APPLIED_ANSWER_SCHEMA])
    record_answers(made.settings, source, pa.Table.from_pylist([answer], schema), "owner", WHEN)


def lives(engine, source):
    query = text(
        "SELECT record, state, first_batch, last_batch, value_digest, reopened,"
        " missing_since IS NOT NULL FROM quality.issue WHERE source = :source"
    )
    with engine.connect() as connection:
        rows = connection.execute(query, {"source": source.name})
        return {row[0]: Life(*row[1:3], *row[3:]) for row in rows}


@hypothesis_settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(whole=st.booleans(), steps=st.lists(STEP, min_size=2, max_size=7))
def test_issues_live_as_the_documentation_says(world, whole, steps):
    made, engine, con = world
    source = replace(made.source, name=f"a__s{next(NUMBERS)}")
    oracle = Oracle(whole)
    for what, which, content in steps:
        if what == "track":
            oracle.delivered.setdefault(which, content)  # what a batch delivered, it says for ever
            oracle.track(which)
            run_track(made, source, con, oracle, which)
        elif what == "sent":
            oracle.sent(which)
            record_sent(engine, source.name, which, WHEN)
        elif which in oracle.issues:
            oracle.answer(which, what)
            run_answer(made, source, which, what)
        assert lives(engine, source) == oracle.issues
    for batch in oracle.delivered:  # tracked once more
        oracle.track(batch)
        run_track(made, source, con, oracle, batch)
    assert lives(engine, source) == oracle.issues


@hypothesis_settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    whole=st.booleans(),
    delivered=st.fixed_dictionaries(dict.fromkeys(BATCHES[:3], CONTENT)),
    order=st.permutations(BATCHES[:3]),
)
def test_without_answers_the_open_issues_do_not_depend_on_the_order(world, whole, delivered, order):
    made, engine, con = world
    latest: dict[str, str | None] = {}
    for batch in BATCHES[:3]:
        latest = dict(delivered[batch]) if whole else latest | delivered[batch]
    source = replace(made.source, name=f"a__o{next(NUMBERS)}")
    oracle = Oracle(whole, delivered=dict(delivered))  # all are delivered before any is tracked
    for batch in order:
        run_track(made, source, con, oracle, batch)
    still = {r for r, life in lives(engine, source).items() if life.state != "fixed"}
    assert still == {record for record, fault in latest.items() if fault}
