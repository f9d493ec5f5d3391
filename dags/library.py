"""One DAG per base library: resolve, merge, check, publish, compare. Wiring only.

Built when all of its sources have a new batch, or in the morning, after those that it links to.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, AssetAll, AssetOrTimeSchedule, CronTriggerTimetable, dag, task

from pipelines.contracts import usable_sources
from pipelines.libraries import Library, libraries_in_order, load_libraries
from pipelines.orchestrate.notes import library_notes
from pipelines.orchestrate.priority import LIBRARY_PRIORITY
from pipelines.settings import load_settings

NEXT_TIME: Any = {"timezone": "Asia/Shanghai", "run_immediately": timedelta(0)}
RUN = "{{ dag_run.run_after.strftime('%Y%m%dT%H%M%S') }}"


def library_dag(library: Library) -> DAG:
    """The DAG of one library; every task is one verb of ``pipelines.flows``."""
    sources = [source for source in SOURCES if source.library == library.name]
    linked = {link.library for link in library.links} & FED  # their entity ids must be there first
    awaited = [Asset(f"staged/{source.name}") for source in sources]
    awaited += [Asset(f"published/{name}") for name in sorted(linked)]
    morning = CronTriggerTimetable(f"0 {6 + ORDER.index(library)} * * *", **NEXT_TIME)

    def verb(name: str, **options: Any) -> Any:
        @task(task_id=name, multiple_outputs=False, **options)
        def call(run: str) -> dict[str, object]:
            from pipelines import flows

            return asdict(getattr(flows, name)(load_settings(), library.name, run))

        return call(RUN)

    @dag(
        dag_id=f"library__{library.name}",
        schedule=AssetOrTimeSchedule(assets=AssetAll(*awaited), timetable=morning),
        catchup=False,
        max_active_runs=1,
        default_args={"owner": library.title, "retries": 2, **LIBRARY_PRIORITY},
        tags=["library", f"library:{library.name}"],
        doc_md=library_notes(library, sources),
    )
    def build() -> None:
        published = verb("publish", outlets=[Asset(f"published/{library.name}")])
        checked, scored = verb("check_library", retries=0), verb("score_library")
        verb("resolve") >> verb("merge") >> checked >> published >> verb("compare") >> scored

    return build()


SOURCES = list(usable_sources(load_settings()).values())
FED = {source.library for source in SOURCES}
ORDER = [library for library in libraries_in_order(load_libraries()) if library.name in FED]
for declared in ORDER:
    library_dag(declared)
