"""``baselib governance requests``: sharing requests (供需对接), from receipt to disposal."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.governance.give import To, give, tell
from pipelines.cli.options import Home
from pipelines.errors.serving import GrantsRefused
from pipelines.flows.governance.catalogue import today_of
from pipelines.flows.governance.sharing.requests import (
    advance_request,
    approve_request,
    judged_requests,
    take_requests,
)
from pipelines.governance.sharing.grant_text import GrantedPart
from pipelines.governance.sharing.register import unmet_demand
from pipelines.governance.sharing.request import RequestRefused
from pipelines.governance.sharing.tables import demand_table, request_table
from pipelines.settings import load_settings

app = typer.Typer(
    help="Sharing requests (供需对接), from receipt to disposal.", no_args_is_help=True
)
Number = Annotated[str, typer.Argument(help="As `requests list` shows it, e.g. 2026-0001.")]


@app.command("list")
def list_requests(to: To = None, home: Home = None) -> None:
    """The register: limits, states, answers, and what a request lacks."""
    settings = load_settings(home=home)
    give(request_table(judged_requests(settings), today_of(settings).isoformat()), to)


@app.command()
def demand(to: To = None, home: Home = None) -> None:
    """Demand without supply: not listed, refused, or late; the most wanted first."""
    settings = load_settings(home=home)
    demands = unmet_demand(judged_requests(settings))
    give(demand_table(demands, today_of(settings).isoformat()), to)


@app.command()
def take(
    sheet: Annotated[Path, typer.Argument(help="Sheet of requests, workbook or text.")],
    home: Home = None,
) -> None:
    """Take the rows of a sheet as requests; a row that was taken before is not taken again."""
    taken = take_requests(load_settings(home=home), sheet)
    for number in taken.numbers:
        sys.stdout.write(f"{number}\n")
    tell(taken.defects, taken.faults)


@app.command()
def ask(number: Number, home: Home = None) -> None:
    """Note that what a request lacks was asked for; the law allows that once."""
    request = advance_request(load_settings(home=home), number, "ask")
    sys.stdout.write(f"{number}: 请一次性补正：{'、'.join(request.lacks)}。\n")


@app.command()
def complete(
    number: Number,
    said: Annotated[
        list[str] | None, typer.Option("--set", help="FIELD=TEXT, e.g. until=2027-12-31.")
    ] = None,
    home: Home = None,
) -> None:
    """What was lacking came: the clock runs from today."""
    allowed = ("basis", "scene", "scope", "mode", "until", "head", "wanted", "resource")
    told = dict(_pair(each, allowed) for each in said or ())
    advance_request(load_settings(home=home), number, "complete", **told)


@app.command()
def extend(
    number: Number,
    by: Annotated[str, typer.Option("--by", help="Who consented: the authority.")],
    home: Home = None,
) -> None:
    """Extend the answer by ten working days, with the authority's consent."""
    advance_request(load_settings(home=home), number, "extend", extended_by=by)


@app.command()
def approve(
    number: Number,
    by: Annotated[str, typer.Option("--by", help="Number of the answer, or who gave it.")],
    grant: Annotated[
        str | None, typer.Option(help="Write this grant, <consumer>__<purpose>.")
    ] = None,
    library: Annotated[str, typer.Option(help="Of the grant.")] = "",
    show: Annotated[
        list[str] | None, typer.Option("--show", help="COLUMN=clear or COLUMN=mask.")
    ] = None,
    lookup: Annotated[
        list[str] | None, typer.Option("--lookup", help="COLUMN,COLUMN: what a look-up gives.")
    ] = None,
    operations: Annotated[str, typer.Option(help="Separated by commas.")] = "verify,find,read",
    assessment: Annotated[str, typer.Option(help="Number of the impact assessment.")] = "",
    key: Annotated[Path | None, typer.Option("--key", help="File with the public key.")] = None,
    home: Home = None,
) -> None:
    """Approve a request; with --grant, write the grant that it becomes (then `grants apply`)."""
    from pipelines.serve.grants.read import check_grants

    settings = load_settings(home=home)
    part = None
    if grant:
        part = GrantedPart(
            name=grant,
            library=library,
            columns=dict(_pair(each, None) for each in show or ()),
            operations=[each.strip() for each in operations.split(",") if each.strip()],
            lookup_by=[each.split(",") for each in lookup or ()],
            assessment=assessment,
            public_key=key.read_text(encoding="utf-8") if key else "",
        )

    def refuse_faulty(file: Path) -> None:
        if faults := [each for each in check_grants(settings) if each.file == file]:
            raise GrantsRefused(faults)

    _, file = approve_request(settings, number, by, part, refuse_faulty)
    sys.stdout.write(f"{number}: 同意。{f' {file}' if file else ''}\n")


@app.command()
def refuse(
    number: Number,
    ground: Annotated[str, typer.Option(help="The law wants it said (article 21).")],
    by: Annotated[str, typer.Option("--by", help="Number of the answer, or who gave it.")],
    home: Home = None,
) -> None:
    """Refuse a request, with its ground."""
    advance_request(load_settings(home=home), number, "refuse", ground=ground, answered_by=by)


@app.command()
def supply(number: Number, home: Home = None) -> None:
    """Note that what was approved was delivered."""
    advance_request(load_settings(home=home), number, "supply")


@app.command()
def use(
    number: Number, what: Annotated[str, typer.Option(help="What it was good for.")],
    home: Home = None,
) -> None:  # fmt: skip
    """Note what the data were good for (应用成效, article 29)."""
    advance_request(load_settings(home=home), number, "use", used_for=what)


@app.command()
def dispose(
    number: Number,
    proof: Annotated[str, typer.Option(help="Number of the record of disposal.")],
    home: Home = None,
) -> None:
    """Note that the consumer disposed of the data (article 27)."""
    advance_request(load_settings(home=home), number, "dispose", disposal=proof)


def _pair(text: str, allowed: tuple[str, ...] | None) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or (allowed is not None and name not in allowed):
        raise RequestRefused(text, "is no NAME=VALUE that is known.", f"Names: {allowed or 'any'}.")
    return name, value
