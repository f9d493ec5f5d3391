"""What an Airflow that was killed left is given up; what the new one began goes on."""

from datetime import UTC, datetime, timedelta

from pipelines.orchestrate.client import DagRun
from pipelines.orchestrate.run import end_leftovers

STARTED = datetime(2026, 6, 30, 2, 0, tzinfo=UTC)


class Client:
    def __init__(self, *runs):
        self.known, self.ended = runs, []

    def runs(self, *, states):
        return [run for run in self.known if run.state in states]

    def end_run(self, run):
        self.ended.append(run.run_id)


def run(run_id, queued_at, state="queued"):
    due = STARTED - timedelta(hours=2)
    return DagRun("ingest__a", run_id, state, "scheduled", due, None, None, queued_at)


def test_only_runs_that_were_there_before_the_start_are_given_up():
    moment = timedelta(seconds=1)
    client = Client(
        run("left", STARTED - moment, "running"),
        run("unknown", None),
        run("fresh", STARTED + moment),
        run("over", STARTED - moment, "success"),
    )
    end_leftovers(client, STARTED)
    assert client.ended == ["left", "unknown"]
