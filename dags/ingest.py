"""One DAG per contract under sources/. Wiring only: to add a source, leave this file alone."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, CronTriggerTimetable, Param, dag, task

from pipelines.batch import batch_of
from pipelines.contracts import usable_sources
from pipelines.contracts.source import Source
from pipelines.orchestrate.notes import source_notes
from pipelines.orchestrate.priority import source_priority
from pipelines.settings import load_settings

BATCH = "{{ params.batch or batch_of(dag_run.data_interval_start or dag_run.run_after) }}"
NEXT_TIME: Any = {"timezone": "Asia/Shanghai", "run_immediately": timedelta(0)}


def ingest_dag(source: Source) -> DAG:
    """The DAG of one source; every task is one verb of ``pipelines.flows``."""

    def verb(name: str, **options: Any) -> Any:
        @task(task_id=name, multiple_outputs=False, **options)
        def call(batch: str) -> dict[str, object]:
            from pipelines import flows

            return asdict(getattr(flows, name)(load_settings(), source, batch))

        return call(BATCH)

    @dag(
        dag_id=f"ingest__{source.name}",
        # Switching the DAG on runs nothing: neither a start date nor the default does without.
        schedule=source.schedule and CronTriggerTimetable(source.schedule, **NEXT_TIME),
        catchup=False,
        max_active_runs=1,
        params={"batch": Param(None, type=["null", "string"], pattern=r"^\d{8}([-T]\w{1,20})?$")},
        user_defined_macros={"batch_of": batch_of},
        default_args={"owner": source.owner.department, "retries": 2, **source_priority(source)},
        tags=["ingest", f"library:{source.library}", f"department:{source.department}"],
        doc_md=source_notes(source),
    )
    def ingest() -> None:
        checked = verb("check", retries=0, outlets=[Asset(f"staged/{source.name}")])
        score = verb("score", trigger_rule="all_done")
        track = verb("track", trigger_rule="all_done")
        mail = verb("report", trigger_rule="all_done", outlets=[Asset(f"reports/{source.name}")])
        verb("land") >> verb("stage") >> checked >> score >> track >> mail
        # A run is as good as its leaves: a report must not make up for a failure before it.
        [checked, score, track] >> EmptyOperator(task_id="passed")

    return ingest()


# A wrong contract stops its own source only; dags/contracts.py shows what is wrong with it.
for declared in usable_sources(load_settings()).values():
    ingest_dag(declared)
