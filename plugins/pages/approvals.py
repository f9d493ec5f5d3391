"""The task in Airflow that waits for an approval: found, and answered as its own page would."""

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState
from fastapi import HTTPException
from sqlalchemy import select

_TASK = "approve"
_GONE = (404, 409)  # cleared, or answered in Airflow at the same moment: the record is made


def waiting_run(dag_id: str, run: str) -> str | None:
    """Airflow's id of the run that waits for an answer about this run of the library."""
    waiting = (
        select(DagRun.run_id, DagRun.run_after)
        .join(
            TaskInstance,
            (TaskInstance.dag_id == DagRun.dag_id) & (TaskInstance.run_id == DagRun.run_id),
        )
        .where(
            DagRun.dag_id == dag_id,
            TaskInstance.task_id == _TASK,
            TaskInstance.state == TaskInstanceState.AWAITING_INPUT,
        )
    )
    with create_session() as session:
        found = session.execute(waiting).all()
    return next((run_id for run_id, due in found if f"{due:%Y%m%dT%H%M%S}" == run), None)


def answer_waiting(
    dag_id: str, run: str, user: BaseUser, candidate: str, reason: str, *, approved: bool = True
) -> bool:
    """Answer the task that waits, so that the run goes on; answers whether there was one."""
    run_id = waiting_run(dag_id, run)
    if run_id is None:
        return False
    answer = UpdateHITLDetailPayload(
        chosen_options=["Approve" if approved else "Reject"],
        params_input={"reason": reason, "candidate": candidate[:16]},
    )
    try:
        with create_session() as session:
            update_hitl_detail(dag_id, run_id, _TASK, answer, user, session)
    except HTTPException as refused:
        if refused.status_code not in _GONE:
            raise
        return False
    return True
