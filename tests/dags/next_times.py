"""Run in a process of its own: when an ingest runs next, after nothing, a run and a back-fill."""

import json
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import airflow.timetables.trigger as trigger
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.timetables.base import TimeRestriction

from plugins.tasks.timetables import NextTime

NOW = datetime(2026, 7, 10, 4, tzinfo=UTC)  # noon in China; runs are due at two in the morning
timetable = decode_timetable(encode_timetable(NextTime("0 2 * * *")))
trigger.utcnow = lambda: NOW


def next_after(run_id):
    if run_id is None:
        last = None
    else:
        due = datetime.fromisoformat(run_id.split("__")[1])
        run = SimpleNamespace(
            run_id=run_id,
            run_after=due,
            data_interval_start=due,
            data_interval_end=due,
            logical_date=due,
            partition_date=None,
            partition_key=None,
            run_type=run_id.split("__")[0],
        )
        last = timetable.run_info_from_dag_run(dag_run=run)
    restriction = TimeRestriction(None, None, catchup=False)
    found = timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=restriction)
    return found.run_after.astimezone(UTC).isoformat()


sys.stdout.write("\n" + json.dumps({one: next_after(one) for one in [None, *sys.argv[1:]]}) + "\n")
