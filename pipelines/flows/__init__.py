"""The verbs of a source: land, stage, check, score, track, report; of all: digest, deliver, tidy.

Of a library: resolve, merge, check_library, publish, compare, score_library.

Each is one arrow of the architecture, one task of an Airflow DAG and one step of ``baselib run``.
A verb takes the settings and what it works on, is idempotent, and answers with counts and ids.
This package composes the edge (lake, warehouse, mail, engines) with the pure parts; every
computation lives in a module that knows neither.
"""

from pipelines.flows.library.build import check_library, merge, publish, resolve
from pipelines.flows.library.compare import compare
from pipelines.flows.mail.deliver import check_mail, deliver
from pipelines.flows.mail.digest import digest
from pipelines.flows.mail.tidy import tidy
from pipelines.flows.source.ingest import check, land, stage
from pipelines.flows.source.report import report
from pipelines.flows.source.score import score, score_library
from pipelines.flows.source.track import track

__all__ = [
    "check",
    "check_library",
    "check_mail",
    "compare",
    "deliver",
    "digest",
    "land",
    "merge",
    "publish",
    "report",
    "resolve",
    "score",
    "score_library",
    "stage",
    "tidy",
    "track",
]
