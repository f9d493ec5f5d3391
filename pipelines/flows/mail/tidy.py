"""Delete what need not be kept: reports sent long ago, their sheets, and the lake's long past.

What they told is in the database and stays there: the mail with its attempts, the issues with their
fingerprints and history, the figures. So a sheet that comes back years later still finds its rows.
"""

import stat
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.flows.shared.results import TidyResult
from pipelines.flows.shared.session import moment
from pipelines.flows.shared.upkeep import keep_lake
from pipelines.settings import Settings
from pipelines.warehouse import connect, read_mail

UNFINISHED = ("pending", "failed", "doubtful")  # may still be sent, or a person has to look


def tidy(settings: Settings) -> TidyResult:
    """Delete the outbox's files that are older than ``report_days``; 0 keeps all.

    Once a day the lake is looked after, too: see ``keep_lake``.

    A message that has not been sent keeps its file whatever its age. Where there is no mail server
    no message ever is, and the files stay until somebody takes them away.
    """
    kept = keep_lake(settings)
    return TidyResult(_tidy_outbox(settings), kept.orphans, kept.expired)


def _tidy_outbox(settings: Settings) -> int:
    when = moment(settings)
    if not settings.report_days or not settings.outbox_dir.is_dir():
        return 0
    engine = connect(settings)
    try:
        needed = {mail.path for mail in read_mail(engine, UNFINISHED)}
    finally:
        engine.dispose()
    before = when - timedelta(days=settings.report_days)
    old = [file for file in settings.outbox_dir.iterdir() if _is_older(file, before)]
    gone = [file for file in old if file.name not in needed]
    for file in gone:
        file.unlink(missing_ok=True)  # another run may be tidying, too
    return len(gone)


def _is_older(file: Path, before: datetime) -> bool:
    try:
        return stat.S_ISREG((found := file.stat()).st_mode) and found.st_mtime < before.timestamp()
    except FileNotFoundError:
        return False
