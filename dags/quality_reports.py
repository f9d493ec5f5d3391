"""Write digests, deliver what waits in the outbox, alarm; as reports come, and hourly. Wiring."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Asset, AssetAny, AssetOrTimeSchedule, CronTriggerTimetable, dag, task

from pipelines.contracts import usable_sources
from pipelines.orchestrate.notes import REPORT_NOTES
from pipelines.settings import load_settings

REPORTS = [Asset(f"reports/{name}") for name in usable_sources(load_settings())]
HOURLY = CronTriggerTimetable("0 * * * *", timezone="UTC", run_immediately=timedelta(0))
EVENTS = AssetOrTimeSchedule(assets=AssetAny(*REPORTS), timetable=HOURLY) if REPORTS else HOURLY


def mail_server() -> str | None:
    """The Airflow connection ``baselib_smtp`` as a URL, if a site has declared one."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get("baselib_smtp").get_uri()
    except AirflowNotFoundException:
        return None


def verb(name: str, **options: Any) -> Any:
    """A task that calls one verb of ``pipelines.flows``."""

    @task(task_id=name, multiple_outputs=False, **options)
    def call() -> dict[str, object]:
        from pipelines import flows

        server = mail_server() if name == "deliver" else None
        return asdict(getattr(flows, name)(load_settings(smtp_url=server)))

    return call()


@dag(
    schedule=EVENTS,
    catchup=False,
    max_active_runs=1,  # reports that arrive while it sends share the next run
    default_args={"owner": "baselib", "retries": 0},
    tags=["reports"],
    doc_md=REPORT_NOTES,
)
def quality_reports() -> None:
    """What is sent and to whom is decided in ``pipelines.flows``; ``check_mail`` is the alarm."""
    written = verb("digest")  # the next run repeats one that failed, and no mail waits for it
    delivered = verb("deliver", trigger_rule="all_done", retries=3)
    written >> delivered >> [verb("check_mail"), verb("tidy", trigger_rule="all_done")]
    written >> EmptyOperator(task_id="passed")  # or its failure would not show in the run


quality_reports()
