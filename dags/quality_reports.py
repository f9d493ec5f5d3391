"""Write digests, deliver what waits in the outbox, alarm; as reports come, and hourly. Wiring."""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Asset, AssetAny, AssetOrTimeSchedule, CronTriggerTimetable, dag, task

from pipelines.contracts import usable_sources
from pipelines.orchestrate.notes import REPORT_NOTES
from pipelines.settings import load_settings
from plugins.tasks.failures import TRIED_AGAIN

REPORTS = [Asset(f"reports/{name}") for name in usable_sources(load_settings())]
HOURLY = CronTriggerTimetable("0 * * * *", timezone="UTC", run_immediately=timedelta(0))
EVENTS = AssetOrTimeSchedule(assets=AssetAny(*REPORTS), timetable=HOURLY) if REPORTS else HOURLY


def verb(name: str, **options: Any) -> Any:
    """A task that calls one verb of ``pipelines.flows``."""

    @task(task_id=name, multiple_outputs=False, **options)
    def call() -> dict[str, object]:
        from plugins.tasks.steps import mail_step

        return mail_step(name)

    return call()


@dag(
    dag_display_name="质量报告",
    schedule=EVENTS,
    catchup=False,
    max_active_runs=1,  # reports that arrive while it sends share the next run
    default_args={"owner": "baselib", **TRIED_AGAIN, "retries": 0},
    tags=["reports"],
    doc_md=REPORT_NOTES,
)
def quality_reports() -> None:
    """What is sent and to whom is decided in ``pipelines.flows``; ``check_mail`` is the alarm."""
    written = verb("digest")  # the next run repeats one that failed, and no mail waits for it
    reminded = verb("remind", trigger_rule="all_done")
    duties = verb("remind_duties", trigger_rule="all_done")
    delivered = verb("deliver", trigger_rule="all_done", retries=3)
    written >> reminded >> duties >> delivered
    tidied = [verb(name, trigger_rule="all_done") for name in ("tidy", "expire")]
    delivered >> [verb("check_mail"), *tidied]
    [written, reminded, duties] >> EmptyOperator(task_id="passed")  # or a failure would not show


quality_reports()
