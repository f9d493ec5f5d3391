"""Programs beside ours, the scheduler and the mail server, and processes of our own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
class SystemFault(BaselibError):
    """What the work stands on gave way: a disk, a folder, memory, a connection."""

    doing: str
    problem: str
    remedy: str
    log: Path | None = None

    def __str__(self) -> str:
        return f"{self.doing}: {self.problem}. {self.remedy}{_see(self.log)}"


@dataclass
class DatabaseLost(SystemFault):
    """PostgreSQL went away while it was used; what is idempotent may simply be tried again."""


@dataclass
class UnexpectedError(BaselibError):
    """An error that nobody thought of: a defect of baselib, or data of a sort never seen."""

    doing: str
    kind: str
    log: Path | None = None

    def __str__(self) -> str:
        return (
            f"{self.doing}: ended by an unexpected {self.kind}. This is a defect of baselib: "
            f"report it with its log; what does not depend on it goes on.{_see(self.log)}"
        )


def _see(log: Path | None) -> str:
    return f" Log: {log}." if log else " (No log of it could be written.)"


@dataclass
class WorkerDied(BaselibError):
    """A process that worked for this one was ended from outside."""

    doing: Sequence[str]

    def __str__(self) -> str:
        return (
            f"{', '.join(self.doing)}: its process was killed, and killed again when nothing else "
            "ran beside it. The system does so when memory runs out: give less of it at a time "
            "(BASELIB_JOBS=1, or a smaller BASELIB_MEMORY_LIMIT), then repeat the command; it goes "
            "on from there."
        )
