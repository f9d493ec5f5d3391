"""Run in a process of its own: read the DAG files as Airflow does and print what they are."""

import json
import sys
import time

from airflow.dag_processing.dagbag import DagBag

ENGINES = ("duckdb", "ibis", "great_expectations", "splink", "pandas", "pyarrow", "sqlglot")


def describe(dag):
    condition = getattr(dag.timetable, "asset_condition", None)
    clock = getattr(dag.timetable, "timetable", dag.timetable)
    return {
        "owners": sorted({task.owner for task in dag.tasks}),
        "tags": sorted(dag.tags),
        "doc": dag.doc_md or "",
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "tasks": {
            task.task_id: {
                "retries": task.retries,
                "weight": task.priority_weight,
                "upstream": sorted(task.upstream_task_ids),
                "outlets": sorted(outlet.name for outlet in task.outlets),
            }
            for task in dag.tasks
        },
        "assets": sorted(asset.name for asset in getattr(condition, "objects", ())),
        "timetable": type(dag.timetable).__name__,
        "cron": getattr(clock, "expression", None),
        "zone": str(getattr(clock, "timezone", None)),
    }


loaded_by_airflow = {name for name in ENGINES if name in sys.modules}
started = time.process_time()
bag = DagBag()
seconds = time.process_time() - started
answer = {
    "dags": {dag_id: describe(dag) for dag_id, dag in bag.dags.items()},
    "import_errors": bag.import_errors,
    "seconds": seconds,
    "engines": sorted({name for name in ENGINES if name in sys.modules} - loaded_by_airflow),
}
sys.stdout.write("\n" + json.dumps(answer) + "\n")
