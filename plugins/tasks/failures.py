"""What becomes of a task that fails: tried again by its error, and told to the engineers."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from pipelines.orchestrate.retry_rules import LATER, LATER_DELAY, NEVER, SOON, SOON_DELAY
from plugins.tasks.alarms import alarm_engineers

BY_ERROR = ExceptionRetryPolicy(
    rules=[
        RetryRule(list(NEVER), RetryAction.FAIL, reason="Only a person can change this."),
        RetryRule(list(SOON), RetryAction.RETRY, SOON_DELAY, "Others hold a lock for a moment."),
        RetryRule(list(LATER), RetryAction.RETRY, LATER_DELAY, "It may be back in a minute."),
    ]
)
TRIED_AGAIN: Mapping[str, Any] = {
    "retries": 2,
    "retry_policy": BY_ERROR,
    "on_failure_callback": alarm_engineers,
}
