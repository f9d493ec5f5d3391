"""``baselib``: the verbs that a data engineer types, and what their exit codes mean.

Exit codes: 0 done; 1 a quality gate stopped something, the rest is done; 2 the command or the
settings are wrong; 3 an input is missing or unreadable; 4 a defect of baselib.
"""

import sys

import typer
from sqlalchemy.exc import ProgrammingError

from pipelines.cli import db, demo, dispute, export, identity, mail, repair, sources, status
from pipelines.cli.run import run
from pipelines.cli.verify import verify
from pipelines.errors import (
    BadBatchId,
    BaselibError,
    ContractExists,
    ContractsRefused,
    CountsDisagree,
    DatabaseOutdated,
    DeclarationRefused,
    GateClosed,
    SettingRefused,
    UnknownLibrary,
    UnknownSource,
)
from pipelines.flows.shared.errors import NeverPublished, NothingToApprove
from pipelines.identity.review.errors import DecisionRefused
from pipelines.runtime.interrupt import INTERRUPTED
from pipelines.warehouse.people.disputes import DisputeRefused

app = typer.Typer(
    name="baselib",
    help="Build a city's base libraries (人口库, 法人库, 电子证照库) out of department sources.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals may hold personal data
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(run)
app.command()(status.status)
app.command()(verify)
app.add_typer(sources.app, name="sources")
app.add_typer(identity.app, name="identity")
app.add_typer(repair.app, name="repair")
app.add_typer(dispute.app, name="dispute")
app.add_typer(export.app, name="export")
app.add_typer(mail.app, name="mail")
app.add_typer(db.app, name="db")
app.add_typer(demo.app, name="demo")

_COMMAND_WRONG = (
    BadBatchId,
    ContractExists,
    ContractsRefused,
    DecisionRefused,
    DeclarationRefused,
    DisputeRefused,
    NeverPublished,
    NothingToApprove,
    SettingRefused,
    UnknownLibrary,
    UnknownSource,
)


# PostgreSQL: no such table, no such schema, no such column
_OUTDATED = frozenset({"42P01", "3F000", "42703"})


def exit_code(error: BaselibError) -> int:
    """What a script may conclude from a failure; see the head of this module."""
    if isinstance(error, GateClosed):
        return 1
    if isinstance(error, _COMMAND_WRONG):
        return 2
    return 4 if isinstance(error, CountsDisagree) else 3


def main() -> None:
    """Run the command line; a failure is said in words, never as a traceback."""
    try:
        _run()
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            sys.stderr.write("baselib: interrupted; a repeated command goes on from there.\n")
        raise
    except BaselibError as error:
        sys.stderr.write(f"baselib: {error}\n")
        sys.exit(exit_code(error))


def _run() -> None:
    """The application; a database of another version is told from a defect."""
    try:
        app(prog_name="baselib")  # however it was started
    except ProgrammingError as wrong:
        if getattr(wrong.orig, "pgcode", None) in _OUTDATED:
            raise DatabaseOutdated from None
        raise
