"""Tell the engineers that a task failed for good: the callback of every task."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipelines.errors import BaselibError
from pipelines.orchestrate.retry_rules import cause_of

if TYPE_CHECKING:
    from pipelines.flows.mail.alarm import Alarm

log = logging.getLogger("baselib")


def alarm_engineers(context: Any) -> None:
    """Raise the alarm that a failed task is; a failure of the alarm changes nothing else."""
    _raise(lambda: _alarm_of(context))


def tell_engineers(cause: str, title: str, text: str, link: str) -> None:
    """Tell of something that waits for a person; as above."""
    from pipelines.flows.mail.alarm import Alarm

    _raise(lambda: Alarm(cause, title, text, link))


def _raise(made: "Callable[[], Alarm]") -> None:
    from pipelines.flows.mail.alarm import raise_alarm
    from pipelines.settings import load_settings
    from plugins.tasks.connections import mail_server

    try:
        alarm = made()
        if raise_alarm(load_settings(**mail_server()), alarm):
            log.info("The engineers were told: %s", alarm.cause)
    except Exception as failed:  # noqa: BLE001 - what the alarm is about is what counts
        log.warning("The engineers could not be told: %s", type(failed).__name__)


def _alarm_of(context: Any) -> "Alarm":
    from pipelines.flows.mail.alarm import Alarm

    error, task = context.get("exception") or RuntimeError(), context["ti"]
    kind = type(error).__name__
    # Only the project's own words are sure to hold no value of a record.
    words = str(error) if isinstance(error, BaselibError) else kind
    return Alarm(
        cause_of(error, task.dag_id),
        f"{task.dag_id}, {task.task_id}: {kind}",
        f"{context['dag'].dag_display_name}\nRun {task.run_id}, task {task.task_id}\n\n{words}",
        task.log_url,
    )
