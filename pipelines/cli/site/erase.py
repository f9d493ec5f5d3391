"""``baselib erase``: take one entity out of everything, and prove it."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Home, Sources
from pipelines.settings import load_settings


def erase(
    entity: Annotated[str, typer.Argument(help="The entity's id, P-… for example.")],
    by: Annotated[str, typer.Option("--by", help="Who decided it.")],
    ground: Annotated[str, typer.Option("--ground", help="By which law or decision.")],
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="Where to write the signed certificate.")
    ] = None,
    sources: Sources = None,
    home: Home = None,
) -> None:
    """Erase one entity from all layers, publish without it, search for what is left, certify it."""
    from pipelines.flows.erasure.erase import erase as erase_entity

    settings = load_settings(home=home, sources=tuple(sources) if sources else None)
    done = erase_entity(settings, entity, by=by, ground=ground)
    told = json.dumps(done.certificate, ensure_ascii=False, indent=1) + "\n"
    if certificate:
        certificate.write_text(told, encoding="utf-8")
    else:
        sys.stdout.write(told)
    rows = sum(done.rows.values())
    left = {**done.certificate["left_in_files"], **done.certificate["left_in_tables"]}
    state = (
        "a search of home and databases finds nothing of it"
        if done.is_clean
        else f"left where another record has it: {', '.join(f'{k} ({v})' for k, v in left.items())}"
    )
    sys.stderr.write(f"{done.entity_id} of {done.library}: {rows:,} rows erased; {state}.\n")
