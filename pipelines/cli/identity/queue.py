"""``baselib identity queue|decide|revoke|unmerge|move``: the steward's desk."""

import sys
from collections import Counter
from enum import StrEnum
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.table import Table

from pipelines.cli.options import LIBRARY_HELP, Home
from pipelines.cli.words import counted
from pipelines.errors import UnknownSource
from pipelines.flows.steward.decide import Act, Regrouping
from pipelines.flows.steward.decide import decide as decide_question
from pipelines.flows.steward.decide import move as move_record
from pipelines.flows.steward.decide import revoke as revoke_act
from pipelines.flows.steward.decide import unmerge as unmerge_records
from pipelines.flows.steward.queue import Question
from pipelines.flows.steward.queue import queue as list_questions
from pipelines.identity.review.decisions import Record, Verdict
from pipelines.identity.tables.false_matches import estimate
from pipelines.settings import load_settings

PIPE_WIDTH = 150
FLAGS = {"conflict": "conflict", "budget": "conflict", "unmerge": "conflict", "move": "conflict"}
SHOWN_DEPENDENTS = 20


class Answer(StrEnum):
    """What a steward can say of two records."""

    SAME = "same"
    DIFFERENT = "different"
    CANNOT_TELL = "cannot-tell"

    @property
    def verdict(self) -> Verdict:
        """As the ledger writes it."""
        return cast(Verdict, self.value.replace("-", "_"))


Library = Annotated[str, typer.Argument(help=LIBRARY_HELP)]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the decision.")]
By = Annotated[str, typer.Option("--by", help="The steward who says so.")]
Preview = Annotated[bool, typer.Option("--preview", help="Show what it would do, write nothing.")]


def register(app: typer.Typer) -> None:
    """Add the steward's commands to ``baselib identity``."""
    for command in (queue, decide, revoke, unmerge, move):
        app.command()(command)


def queue(
    library: Library,
    limit: Annotated[int, typer.Option(help="How many to show.")] = 20,
    home: Home = None,
) -> None:
    """List the questions that wait for a steward, most harm first."""
    found = list_questions(load_settings(home=home), library)
    columns = ("question", "flag", "harm", "p", "false", "because", "today", "left", "right")
    table = Table(*columns, box=None, pad_edge=False)
    for each in found[:limit]:
        probability = "—" if each.probability is None else f"{each.probability:.3f}"
        table.add_row(
            each.question,
            FLAGS.get(each.cause, "potential_match"),
            f"{each.harm:.2f}",
            probability,
            _false_rate(library, each),
            each.rule or "—",
            "together" if each.together else "apart",
            f"{each.left_entity} {each.pair.left.source}",
            f"{each.right_entity} {each.pair.right.source}",
        )
    console().print(table)
    flags = Counter(FLAGS.get(each.cause, "potential_match") for each in found)
    by_flag = ", ".join(f"{number:,} {flag}" for flag, number in sorted(flags.items()))
    questions = counted(len(found), "question waits", "questions wait")
    sys.stdout.write(f"{questions}{': ' + by_flag if by_flag else ''}.\n")
    if found:
        sys.stdout.write("Look: baselib identity explain QUESTION. Then: decide QUESTION …\n")


def _false_rate(library: str, question: Question) -> str:
    """Of questions like this one in the benchmark's worlds, the share that was not one entity."""
    found = estimate(library, question.rule, question.probability, asked=True)
    return "—" if found is None else f"{found.rate:.0%}"


def decide(
    question: Annotated[str, typer.Argument(help="Its name in the queue.")],
    answer: Annotated[Answer, typer.Argument()],
    reason: Reason,
    by: By,
    second: Annotated[
        bool, typer.Option("--second", help="A second opinion on somebody else's answer.")
    ] = False,
    home: Home = None,
) -> None:
    """Answer a question for ever, or until it is revoked."""
    settings = load_settings(home=home)
    done = decide_question(settings, question, answer.verdict, reason=reason, by=by, second=second)
    _report(done, "decided")


def revoke(
    act: Annotated[str, typer.Argument(help="The act that a command printed.")],
    reason: Reason,
    by: By,
    home: Home = None,
) -> None:
    """Take back everything that one command decided."""
    _report(revoke_act(load_settings(home=home), act, reason=reason, by=by), "revoked")


def unmerge(
    entity_id: Annotated[str, typer.Argument(help="The entity that is too large.")],
    records: Annotated[list[str], typer.Argument(help="SOURCE:KEY of those that shall leave.")],
    reason: Reason,
    by: By,
    preview: Preview = False,
    home: Home = None,
) -> None:
    """Take records out of an entity."""
    leaving = [record_of(each) for each in records]
    settings = load_settings(home=home)
    done = unmerge_records(settings, entity_id, leaving, reason=reason, by=by, preview=preview)
    _report_regrouping(done, preview=preview)


def move(
    record: Annotated[str, typer.Argument(help="SOURCE:KEY of the record.")],
    to: Annotated[str, typer.Option("--to", help="The entity where it belongs.")],
    reason: Reason,
    by: By,
    preview: Preview = False,
    home: Home = None,
) -> None:
    """Put a record into another entity."""
    settings = load_settings(home=home)
    done = move_record(settings, record_of(record), to, reason=reason, by=by, preview=preview)
    _report_regrouping(done, preview=preview)


def record_of(text: str) -> Record:
    """``SOURCE:KEY``; keys may hold colons, sources do not.

    Raises:
        UnknownSource: there is no colon.
    """
    source, colon, key = text.partition(":")
    if not colon:
        raise UnknownSource(source, ["write SOURCE:KEY"])
    return Record(source, key)


def console() -> Console:
    """Where tables go: a pipe has no width of its own, and nothing may be cut short there."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def _report(done: Act, what: str) -> None:
    sys.stdout.write(
        f"{len(done.decisions)} decision(s) {what}, act {done.act}. "
        f"They take effect with: baselib run {done.library}\n"
    )


def _report_regrouping(done: Regrouping, *, preview: bool) -> None:
    fates = Counter((each.library, each.link, each.fate) for each in done.dependents)
    sys.stdout.write(
        f"{done.entity_id}: {len(done.leaving)} record(s) leave, {len(done.staying)} stay.\n"
    )
    for title, records in (("拆出", done.leaving), ("留下", done.staying), ("移入", done.joined)):
        shown = [done.labels[each] for each in records if each in done.labels]
        for label in shown:
            sys.stdout.write(f"  {title}　{label}\n")
        if len(records) > len(shown):
            sys.stdout.write(f"  {title}　…… 另有 {len(records) - len(shown):,} 条\n")
    for (library, link, fate), number in sorted(fates.items()):
        sys.stdout.write(f"  {library}: {number} {link} link(s): {fate}\n")
    for each in done.dependents[:SHOWN_DEPENDENTS]:
        sys.stdout.write(f"    {each.entity_id} {each.link} by {each.rule}: {each.fate}\n")
    if preview:
        sys.stdout.write(f"Preview: {len(done.decisions)} decision(s) would be written.\n")
    else:
        _report(done, "written")
        sys.stdout.write(f"The way back: baselib identity revoke {done.act} --reason … --by …\n")
