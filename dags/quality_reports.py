"""Deliver the quality reports that wait in the outbox, as they come and every hour. Wiring only."""

from dataclasses import asdict
from datetime import timedelta

from airflow.sdk import Asset, AssetAny, AssetOrTimeSchedule, CronTriggerTimetable, dag, task

from pipelines.orchestrate.notes import REPORT_NOTES
from pipelines.registry import usable_sources
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


@dag(
    schedule=EVENTS,
    catchup=False,
    max_active_runs=1,  # reports that arrive while it sends share the next run
    default_args={"owner": "baselib", "retries": 3},
    tags=["reports"],
    doc_md=REPORT_NOTES,
)
def quality_reports() -> None:
    """One task; what it sends and to whom is decided in ``pipelines.flows``."""

    @task(multiple_outputs=False)
    def deliver() -> dict[str, object]:
        from pipelines import flows

        return asdict(flows.deliver(load_settings(smtp_url=mail_server())))

    deliver()


quality_reports()
