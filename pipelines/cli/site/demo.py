"""``baselib demo``: make the fictional city, and serve its HTTP API."""

import sys
from typing import Annotated

import typer

from pipelines.cli.options import Home, batch_of_today
from pipelines.settings import load_settings

app = typer.Typer(help="Make the fictional city, and serve its HTTP API.")


@app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    persons: Annotated[int, typer.Option(min=100, help="Size of the population.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Another seed, another city.")] = 1,
    batch: Annotated[
        str | None, typer.Option(help="Today if not given; a later day brings changes.")
    ] = None,
    home: Home = None,
) -> None:
    """Write the deliveries of a fictional city below <home>/demo, with the truth beside them."""
    if context.invoked_subcommand:
        return
    from pipelines.demo.generate import first_batch_of, generate

    settings = load_settings(home=home)
    out, batch = settings.home / "demo", batch or batch_of_today(settings)
    city = generate(out, persons, seed, batch, first=first_batch_of(out) or batch)
    sys.stdout.write(
        f"{sum(city.records.values()):,} records from {len(city.records)} sources in {out}\n"
        f"Next: baselib demo serve &    (one source is an HTTP API)\n"
        f"      baselib run --batch {batch}\n"
    )


@app.command()
def consumers(home: Home = None) -> None:
    """Give the grants keys, and show a verified name, a dossier and a change to follow."""
    from pipelines.serve.demo import show_consumers

    show_consumers(load_settings(home=home), print_line)


def print_line(line: str) -> None:
    """Write a line at once: what follows takes a while."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@app.command()
def serve(
    home: Home = None,
    port: Annotated[int, typer.Option(help="Port of the loopback interface.")] = 18765,
) -> None:
    """Serve the education bureau's API until interrupted."""
    from pipelines.demo.api import serve_forever

    serve_forever(load_settings(home=home).home / "demo", port)
