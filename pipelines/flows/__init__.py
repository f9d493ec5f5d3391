"""The verbs of a source: land, stage, check, score, track, report.

Of all: digest, remind, remind_duties, deliver, check_mail, tidy, expire.
Of a library: resolve (or resolve_if_changed), merge, check_library, publish, compare,
score_library, report_library.

Each is one arrow of the architecture, one task of an Airflow DAG and one step of ``baselib run``.
A verb takes the settings and what it works on, is idempotent, and answers with counts and ids.
This package composes the edge (lake, warehouse, mail, engines) with the pure parts; every
computation lives in a module that knows neither.
"""

from pipelines.flows.erasure.retention import expire
from pipelines.flows.governance.duty_mails import remind_duties
from pipelines.flows.library.build import check_library, merge, publish, resolve
from pipelines.flows.library.compare import compare
from pipelines.flows.library.day import resolve_if_changed
from pipelines.flows.library.report import report_library
from pipelines.flows.mail.deliver import check_mail, deliver
from pipelines.flows.mail.digest import digest
from pipelines.flows.mail.remind import remind
from pipelines.flows.mail.tidy import tidy
from pipelines.flows.source.ingest import check, land, stage
from pipelines.flows.source.report.write import report, report_stopped
from pipelines.flows.source.score import score, score_library
from pipelines.flows.source.track import track

__all__ = [
    "check",
    "check_library",
    "check_mail",
    "compare",
    "deliver",
    "digest",
    "expire",
    "land",
    "merge",
    "publish",
    "remind",
    "remind_duties",
    "report",
    "report_library",
    "report_stopped",
    "resolve",
    "resolve_if_changed",
    "score",
    "score_library",
    "stage",
    "tidy",
    "track",
]
