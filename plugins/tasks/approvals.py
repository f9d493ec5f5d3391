"""A run over its budget asks a person in Airflow's own pages, and waits without holding a slot."""

from datetime import timedelta
from typing import Any, ClassVar

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict

from pipelines.settings import load_settings
from plugins.tasks.alarms import tell_engineers

RUN = "{{ dag_run.run_after.strftime('%Y%m%dT%H%M%S') }}"  # as a library's verbs know a run
# The next morning's run finds the library free again; nothing is lost, it asks anew.
_PATIENCE = timedelta(hours=20)
_REASON = "理由 Reason"


class PublicationApproval(ApprovalOperator):
    """Goes on at once where nobody has to be asked; else after an approval, and only then.

    The answer becomes the same record as that of ``baselib identity approve``, in the name of
    Airflow's user. A rejection skips the publication; silence fails the task.
    """

    template_fields: ClassVar = (*ApprovalOperator.template_fields, "run")

    def __init__(self, *, library: str, run: str, **options: Any) -> None:
        super().__init__(
            subject=library,
            params=_form(""),
            response_timeout=_PATIENCE,
            retries=0,
            **options,
        )
        self.library, self.run = library, run

    def execute(self, context: Any) -> Any:
        """Ask, if the run has something to ask.

        Raises:
            TaskAwaitingInput: a person is asked.
        """
        checked = context["ti"].xcom_pull(task_ids=list(self.upstream_task_ids)) or []
        if not any(one and one.get("awaits_approval") for one in checked):
            return None
        from pipelines.flows.library.consequences.approval import open_question

        question = open_question(load_settings(), self.library, self.run)
        if question is None:
            self.log.info("It was approved before.")
            return None
        self.subject, self.body = question.title, question.text
        self.params = ParamsDict(_form(question.candidate))
        cause = f"awaits approval {self.library} {self.run}"
        tell_engineers(cause, question.title, question.text, context["ti"].log_url)
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> None:
        """Keep the answer.

        Raises:
            NotApproved: nobody answered in time, or without a reason.
            AnotherCandidate: the run has come to another result than the one that was shown.
        """
        from pipelines.flows.library.consequences.approval import approve_shown
        from pipelines.flows.shared.errors import NotApproved

        given = event.get("params_input") or {}
        if "error" in event:
            raise NotApproved(self.library, self.run, "nobody answered in time")
        if not (given.get("reason") or "").strip():
            raise NotApproved(self.library, self.run, "no reason was given")
        answer = super().execute_complete(context, event)  # skips what follows a rejection
        user = answer["responded_by_user"]["name"]
        if answer["chosen_options"] == [self.APPROVE]:
            approve_shown(
                load_settings(),
                self.library,
                self.run,
                given["candidate"],
                by=user,
                reason=given["reason"].strip(),
            )


def approval(library: str) -> PublicationApproval:
    """The task that asks about a library's run."""
    return PublicationApproval(task_id="approve", library=library, run=RUN)


def _form(candidate: str) -> dict[str, Param]:
    """What is to be filled in; the result that is asked about comes back with the answer.

    Before there is a question nothing is asked for: Airflow judges the form when the task begins.
    """
    wanted: dict[str, Any] = {"type": ["null", "string"]}
    shown: dict[str, Any] = {"type": "string"}
    if candidate:
        wanted = {"type": "string", "minLength": 1}
        shown["enum"] = [candidate]
    return {
        "reason": Param("" if candidate else None, title=_REASON, format="multiline", **wanted),
        "candidate": Param(candidate, title="结果编号 Result", **shown),
    }
