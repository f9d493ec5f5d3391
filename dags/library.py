"""One DAG per base library, built when its sources have new batches or in the morning. Wiring."""

from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, AssetAlias, AssetAll, AssetOrTimeSchedule, dag, task

from pipelines.contracts import usable_sources
from pipelines.libraries import Library, libraries_in_order, load_libraries
from pipelines.orchestrate.notes import library_notes
from pipelines.orchestrate.priority import LIBRARY_PRIORITY
from pipelines.settings import load_settings
from plugins.tasks.approvals import RUN, approval
from plugins.tasks.failures import TRIED_AGAIN
from plugins.tasks.timetables import every_day


def library_dag(library: Library) -> DAG:
    """The DAG of one library; every task is one verb of ``pipelines.flows``."""
    sources = [source for source in SOURCES if source.library == library.name]
    linked = sorted({link.library for link in library.links} & FED)  # their ids must be there first
    awaited = [f"staged/{one.name}" for one in sources] + [f"published/{name}" for name in linked]
    mails = [Asset(f"reports/{source.name}") for source in sources]
    morning = every_day(6 + ORDER.index(library))

    def verb(name: str, **options: Any) -> Any:
        @task(task_id=name, multiple_outputs=False, **options)
        def call(run: str) -> dict[str, object]:
            from plugins.tasks.steps import library_step

            return library_step(name, library.name, run)

        return call(RUN)

    @dag(
        dag_id=f"library__{library.name}",
        dag_display_name=library.title,
        schedule=AssetOrTimeSchedule(assets=AssetAll(*map(Asset, awaited)), timetable=morning),
        catchup=False,
        max_active_runs=1,
        default_args={"owner": library.title, **LIBRARY_PRIORITY, **TRIED_AGAIN},
        tags=["library", f"library:{library.name}"],
        doc_md=library_notes(library, sources),
    )
    def build() -> None:
        name = f"published/{library.name}"  # where nothing has changed, by the first task
        resolved = verb("resolve", outlets=[AssetAlias(name)])
        published, scored = verb("publish", outlets=[Asset(name)]), verb("score_library")
        checked, approved = verb("check_library", retries=0), approval(library.name)
        resolved >> verb("merge") >> checked >> approved >> published >> verb("compare") >> scored
        scored >> verb("report_library", trigger_rule="all_done", outlets=mails)
        scored >> EmptyOperator(task_id="passed")

    return build()


SOURCES = list(usable_sources(load_settings()).values())
FED = {source.library for source in SOURCES}
ORDER = [library for library in libraries_in_order(load_libraries()) if library.name in FED]
DAGS = [library_dag(library) for library in ORDER]
