"""When an ingest starts by itself."""

from datetime import timedelta

from airflow import sdk
from airflow.models.dagrun import DagRun
from airflow.timetables.base import DagRunInfo
from airflow.timetables.trigger import CronTriggerTimetable

from pipelines.batch import CHINA

# A DAG that has not run by its timetable starts at its next time. Not the one that has just passed,
# unless that was within this: the DAG may be read again before the scheduler has acted on it.
_JUST_NOW = timedelta(minutes=2)


class NextTime(CronTriggerTimetable):
    """Cron times in China; a DAG that is switched on, or back-filled, waits for its next time.

    Airflow takes a back-fill for runs of the timetable, and the time that has passed since its last
    day for one that was missed: it would start a run that nobody asked for.
    """

    def __init__(self, cron: str) -> None:
        super().__init__(cron, timezone=CHINA.key, run_immediately=_JUST_NOW)

    @property
    def expression(self) -> str:
        """The cron expression."""
        return str(self._expression)

    @property
    def timezone(self) -> str:
        """The time zone that it is meant in."""
        return CHINA.key

    def serialize(self) -> dict[str, object]:
        """What ``deserialize`` needs."""
        return {"expression": self._expression}

    @classmethod
    def deserialize(cls, data: dict[str, str]) -> "NextTime":
        """The timetable of a serialised DAG."""
        return cls(data["expression"])

    def run_info_from_dag_run(self, *, dag_run: DagRun) -> DagRunInfo:
        """What a run was of: that of a back-fill was of no time of this timetable."""
        info = super().run_info_from_dag_run(dag_run=dag_run)
        # One that a back-fill only repeats keeps the id that it had.
        made = dag_run.run_id.startswith("backfill__")
        return info._replace(data_interval=None) if made else info


def every_day(hour: int) -> sdk.CronTriggerTimetable:
    """Once a day at an hour in China; the time that has just passed is not made up for."""
    return sdk.CronTriggerTimetable(
        f"0 {hour} * * *", timezone=CHINA.key, run_immediately=timedelta(0)
    )
