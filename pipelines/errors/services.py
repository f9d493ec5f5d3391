"""Programs beside ours, the scheduler and the mail server, and processes of our own."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.errors.root import BaselibError


@dataclass
class AirflowFailed(BaselibError):
    """Airflow did not start, did not answer, or refused a request."""

    doing: str
    problem: str
    remedy: str = "See the logs under logs/airflow in the home folder, then repeat the command."

    def __str__(self) -> str:
        return f"Airflow, {self.doing}: {self.problem}. {self.remedy}"


@dataclass
class MailServerUnusable(BaselibError):
    """No report can be mailed: nobody answers, or the server refuses whoever sends."""

    where: str
    problem: str

    def __str__(self) -> str:
        return (
            f"Mail server, {self.where}: {self.problem}. Correct BASELIB_SMTP_URL (the "
            "Airflow connection baselib_smtp) or BASELIB_MAIL_FROM; all reports wait in the outbox."
        )


@dataclass
class MailUndelivered(BaselibError):
    """Reports that nobody will send again by himself; a person has to look at them."""

    mails: Sequence[str]

    def __str__(self) -> str:
        lines = "\n".join(f"  {mail}" for mail in self.mails)
        return (
            f"{len(self.mails)} report(s) did not reach their data owners:\n{lines}\n"
            "failed: correct the address in the contract, or the server, then `baselib mail retry "
            "ID`. doubtful: the connection broke after the message was handed over; ask the "
            "recipient, or look for the Message-ID in the server's log, then `baselib mail retry "
            "ID` or `baselib mail close ID`."
        )


@dataclass
class WorkerDied(BaselibError):
    """A process that worked for this one was ended from outside."""

    doing: Sequence[str]

    def __str__(self) -> str:
        return (
            f"A process was killed while these were worked on: {', '.join(self.doing)}. The system "
            "does so when memory runs out: give less of it at a time (BASELIB_JOBS=1, or a smaller "
            "BASELIB_MEMORY_LIMIT), then repeat the command; it goes on from there."
        )
