"""``baselib``: the verbs that a data engineer types, and what their exit codes mean.

Exit codes: 0 done; 1 a quality gate stopped something, the rest is done; 2 the command or the
settings are wrong; 3 an input is missing or unreadable, or what baselib stands on gave way (disk,
memory, database); 4 a defect of baselib.
"""

import os
import sys
from itertools import pairwise
from pathlib import Path

import typer

from pipelines.cli import identity, sources
from pipelines.cli.consumers import audit, grants
from pipelines.cli.consumers.serve import serve
from pipelines.cli.governance import catalog, governance
from pipelines.cli.owner import dispute, export, mail, repair
from pipelines.cli.roll_back import rollback
from pipelines.cli.run import run
from pipelines.cli.site import db, demo, keys, libraries, status
from pipelines.cli.site.backup import backup, restore
from pipelines.cli.site.doctor import doctor
from pipelines.cli.site.erase import erase
from pipelines.cli.verify import verify
from pipelines.errors import (
    BadBatchId,
    BaselibError,
    ContractExists,
    ContractsRefused,
    CountsDisagree,
    DeclarationRefused,
    GateClosed,
    SettingRefused,
    UnexpectedError,
    UnknownLibrary,
    UnknownSource,
)
from pipelines.errors.serving import GrantsRefused, UnknownGrant
from pipelines.flows.governance.catalogue import CatalogueRefused
from pipelines.flows.shared.errors import NeverPublished, NothingToApprove, NothingToRestore
from pipelines.governance.resources.reviews import ReviewRefused
from pipelines.governance.returns.package import PackageRefused
from pipelines.governance.sharing.request import RequestRefused
from pipelines.identity.review.errors import DecisionRefused
from pipelines.runtime.faults import explain_error
from pipelines.runtime.interrupt import INTERRUPTED, leaving_in_order
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
app.command()(rollback)
app.command()(doctor)
app.command()(serve)
app.command()(backup)
app.command()(restore)
app.command()(erase)
app.add_typer(sources.app, name="sources")
app.add_typer(libraries.app, name="libraries")
app.add_typer(identity.app, name="identity")
app.add_typer(repair.app, name="repair")
app.add_typer(dispute.app, name="dispute")
app.add_typer(export.app, name="export")
app.add_typer(grants.app, name="grants")
app.add_typer(audit.app, name="audit")
app.add_typer(mail.app, name="mail")
app.add_typer(catalog.app, name="catalog")
app.add_typer(governance.app, name="governance")
app.add_typer(db.app, name="db")
app.add_typer(keys.app, name="keys")
app.add_typer(demo.app, name="demo")

_COMMAND_WRONG = (
    BadBatchId,
    ContractExists,
    ContractsRefused,
    DecisionRefused,
    DeclarationRefused,
    DisputeRefused,
    GrantsRefused,
    NeverPublished,
    NothingToApprove,
    NothingToRestore,
    PackageRefused,
    RequestRefused,
    ReviewRefused,
    SettingRefused,
    UnknownGrant,
    UnknownLibrary,
    UnknownSource,
)


def exit_code(error: BaselibError) -> int:
    """What a script may conclude from a failure; see the head of this module."""
    if isinstance(error, GateClosed | CatalogueRefused):
        return 1
    if isinstance(error, _COMMAND_WRONG):
        return 2
    return 4 if isinstance(error, CountsDisagree | UnexpectedError) else 3


def main() -> None:
    """Run the command line; a failure is said in words, never as a traceback."""
    os.umask(0o077)  # what a command writes is personal data, and the caller's
    try:
        with leaving_in_order():
            app(prog_name="baselib")  # however it was started
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            sys.stderr.write("baselib: interrupted; a repeated command goes on from there.\n")
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told in a sentence
        told = explain_error(error, f"baselib {_command()}", _home())
        sys.stderr.write(f"baselib: {told}\n")
        sys.exit(exit_code(told))


def _command() -> str:
    """The command that was given, without its arguments, which may name somebody."""
    names = {*typer.main.get_command(app).commands}  # type: ignore[attr-defined]
    return next((word for word in sys.argv[1:2] if word in names), "")


def _home() -> Path:
    """The home of the command, for its log; also where the settings are what is wrong."""
    words = sys.argv[1:]
    given = [word.removeprefix("--home=") for word in words if word.startswith("--home=")]
    given += [after for word, after in pairwise(words) if word == "--home"]
    return Path(given[-1] if given else os.environ.get("BASELIB_HOME", ".baselib")).expanduser()
