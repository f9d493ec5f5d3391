"""``baselib audit``: the log of everything that is read, granted, decided and published."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Home
from pipelines.settings import load_settings

app = typer.Typer(help="The sealed log of readings, grants and decisions.", no_args_is_help=True)


@app.command()
def seal(
    every: Annotated[float, typer.Option(help="Go on, every so many seconds; 0: once.")] = 0,
    home: Home = None,
) -> None:
    """Seal what was noted since the last seal; `baselib serve` does so every minute."""
    from pipelines.serve.audit.seal import keep_sealing, seal_log

    settings = load_settings(home=home)
    if every:
        keep_sealing(settings, every)
    sys.stdout.write(f"{seal_log(settings):,} event(s) sealed.\n")


@app.command()
def verify(
    seals: Annotated[
        Path | None, typer.Option("--seals", help="Seals that were shipped off the machine.")
    ] = None,
    home: Home = None,
) -> None:
    """Check that nothing in the log was changed, deleted or inserted; names the first bad row."""
    from pipelines.serve.audit.seal import verify_log

    done = verify_log(load_settings(home=home), seals)
    sys.stdout.write(
        f"{done.seals:,} seals over {done.events:,} events are whole, {done.unsealed:,} event(s) "
        f"wait for the next seal. Hash of the last seal: {done.last_hash or 'none'}\n"
    )


@app.command()
def bundle(
    folder: Annotated[Path, typer.Argument(help="A new folder; it holds who read what.")],
    home: Home = None,
) -> None:
    """Write the log as evidence, with a verifier that needs nothing but Python."""
    from pipelines.serve.audit.seal import write_bundle

    done = write_bundle(load_settings(home=home), folder)
    sys.stdout.write(
        f"{folder}: {done.events:,} events. Check: python3 {folder}/verify.py {folder}\n"
    )


@app.command()
def watch(
    days: Annotated[int, typer.Option(min=1, help="How many days back.")] = 1, home: Home = None
) -> None:
    """Look for trawling and for canaries. Exit code 1 if a person should look."""
    from pipelines.serve.audit.watch import watch_log

    alarms = watch_log(load_settings(home=home), datetime.now(UTC), days)
    for each in alarms:
        sys.stdout.write(
            f"{each.kind}: grant {each.grant}, actor {each.actor}: {each.count:,}, "
            f"from event {each.first_event} on\n"
        )
    raise typer.Exit(1 if alarms else 0)


@app.command()
def canary(
    grant: Annotated[str, typer.Argument(help="The consumer's grant that it is handed to.")],
    home: Home = None,
) -> None:
    """Make a citizen number of nobody, to be planted with a consumer; the log tells of its use."""
    from pipelines.serve.audit.watch import make_canary

    sys.stdout.write(f"{make_canary(load_settings(home=home), grant)}\n")


@app.command()
def who(
    entity: Annotated[list[str], typer.Argument(help="Entity ids.")], home: Home = None
) -> None:
    """List who read an entity's data, newest first: the answer to a citizen's question."""
    from pipelines.serve.audit.readings import readings_of

    for each in readings_of(load_settings(home=home), entity):
        sys.stdout.write(
            f"{each.at:%Y-%m-%d %H:%M:%S} {each.grant} {each.operation} {each.outcome}: "
            f"{each.actor}, {each.case_no}\n"
        )
