"""``baselib keys``: the site's keys, which are made of secrets in the home."""

import sys
from typing import Annotated

import typer

from pipelines.cli.options import Home
from pipelines.settings import load_settings

app = typer.Typer(help="Keys of the site.", no_args_is_help=True)


@app.command()
def rotate(
    by: Annotated[str, typer.Option("--by", help="Who does it.")], home: Home = None
) -> None:
    """Make seals, access tokens, subjects and certificates by a new secret from now on.

    Ids, fingerprints and names of questions stay. Start `baselib serve` and the sealer again.
    """
    from pipelines.serve.rotation import rotate as rotate_site

    version = rotate_site(load_settings(home=home), by)
    sys.stdout.write(
        f"Version {version} of the site's keys is in use. Start `baselib serve` and `baselib audit"
        " seal --every` again, and take a backup: older versions are needed to verify the log.\n"
    )


@app.command()
def show(home: Home = None) -> None:
    """The public keys of certificates of erasure, by version: give them to whoever verifies."""
    from pipelines.flows.erasure.certificate import public_keys

    for version, key in public_keys(load_settings(home=home)).items():
        sys.stdout.write(f"{version} {key}\n")
