"""One DAG per contract under sources/. Wiring only: to add a source, leave this file alone."""

from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, AssetAlias, Param, dag, task

from pipelines.batch import batch_of
from pipelines.contracts import usable_sources
from pipelines.contracts.source import Source
from pipelines.orchestrate.notes import source_notes
from pipelines.orchestrate.priority import source_priority
from pipelines.settings import load_settings
from plugins.tasks.failures import TRIED_AGAIN
from plugins.tasks.timetables import NextTime

BATCH = "{{ params.batch or batch_of(dag_run.data_interval_start or dag_run.run_after) }}"
MOST_RUNS = 16  # active at once; all but one wait, and so are taken by batch and not as asked for


def ingest_dag(source: Source) -> DAG:
    """The DAG of one source; every task is one verb of ``pipelines.flows``."""

    def verb(name: str, **options: Any) -> Any:
        @task(task_id=name, multiple_outputs=False, **options)
        def call(batch: str) -> dict[str, object]:
            from plugins.tasks.steps import source_step

            return source_step(name, source, batch)

        return call(BATCH)

    @dag(
        dag_id=f"ingest__{source.name}",
        dag_display_name=source.title,
        schedule=source.schedule and NextTime(source.schedule),
        catchup=False,
        max_active_runs=MOST_RUNS,
        params={"batch": Param(None, type=["null", "string"], pattern=r"^\d{8}([-T]\w{1,20})?$")},
        user_defined_macros={"batch_of": batch_of},
        default_args={"owner": source.owner.department, **source_priority(source), **TRIED_AGAIN},
        tags=["ingest", f"library:{source.library}", f"department:{source.department}"],
        doc_md=source_notes(source),
    )
    def ingest() -> None:
        landed = verb("land", outlets=[AssetAlias(f"staged/{source.name}")])  # if nothing is new
        checked = verb("check", retries=0, outlets=[Asset(f"staged/{source.name}")])
        score, track = (verb(name, trigger_rule="all_done") for name in ("score", "track"))
        written = Asset(f"reports/{source.name}")  # others when their library is compared
        mail = verb("report_stopped", trigger_rule="all_done", outlets=[written])
        landed >> verb("stage") >> checked >> score >> track >> mail
        # A run is as good as its leaves: a report must not make up for a failure before it.
        [checked, score, track] >> EmptyOperator(task_id="passed")

    return ingest()


# A wrong contract stops its own source only; dags/contracts.py shows what is wrong.
for declared in usable_sources(load_settings()).values():
    ingest_dag(declared)
