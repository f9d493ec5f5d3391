"""``baselib status``: what was built, how long it took, where it is, and what to ask it."""

import sys
from collections import Counter, defaultdict
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from pipelines.cli.options import Home
from pipelines.flows.source.attention import Attention, sources_to_look_at
from pipelines.identity.ids.id_changes import CHANGE_KINDS
from pipelines.libraries import load_libraries
from pipelines.settings import Settings, load_settings
from pipelines.standards.rules import load_rules
from pipelines.standards.scores import load_scoring
from pipelines.standards.tenths import tenths
from pipelines.warehouse import (
    BatchRecord,
    FindingRecord,
    connect,
    count_mail,
    database_url,
    read_batches,
    read_findings,
    read_publications,
    read_timings,
)
from pipelines.warehouse.quality.id_changes import is_approved, read_comparisons, read_resolutions
from pipelines.warehouse.quality.scores import ScoreRecord, read_scores

MOST_RULES = 15
PIPE_WIDTH = 150
QUERIES = (
    "SELECT person_name, citizen_id, birth_date FROM base.person LIMIT 5",
    "SELECT rule, count(*) FROM base.person_source GROUP BY rule ORDER BY 2 DESC",
    "SELECT column_name, value, source FROM base.legal_entity_value LIMIT 9",
)
TEXT_COLUMNS = {"source", "rule", "library", "subject", "reason", "built without", "late"}
DIMENSIONS = tuple(each.title for each in load_scoring().dimensions.values())


def status(home: Home = None) -> None:
    """Show sources, libraries, findings, timings, places, and three queries to try."""
    settings = load_settings(home=home)
    engine = connect(settings)
    # A pipe has no width of its own, and nothing may be cut short there.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    latest = _latest(read_batches(engine))
    found = _latest_findings(engine, latest)
    console.print(_sources(latest, found))
    if attention := sources_to_look_at(settings, engine):
        console.print(_attention(attention))
    console.print(_libraries(engine))
    console.print(_resolutions(engine))
    console.print(_id_changes(engine))
    console.print(_scores(engine))
    console.print(_findings(found))
    console.print(_timings(engine))
    console.print(_places(settings, count_mail(engine)), soft_wrap=True)
    engine.dispose()


def _latest(batches: list[BatchRecord]) -> dict[str, BatchRecord]:
    return {record.source: record for record in batches}  # in order of batch: the last one stays


def _latest_findings(engine: Engine, latest: dict[str, BatchRecord]) -> list[FindingRecord]:
    return [each for each in read_findings(engine) if each.batch == latest[each.source].batch]


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, title_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column in TEXT_COLUMNS else "right")
    return table


def _sources(latest: dict[str, BatchRecord], found: Sequence[FindingRecord]) -> Table:
    """Problems are counted as the mails to their owners count them."""
    table = _table(
        "Sources, latest batch (landed = staged + superseded + quarantined; problems = errors, "
        "warnings and reasons for quarantine; a mail counts what differs from other departments, "
        "too; remarks need no repair; (= batch) says what that batch said)",
        *("source", "batch", "landed", "staged", "superseded", "quarantined"),
        *("problems", "remarks"),
    )
    fields = ("landed", "staged", "superseded", "quarantined")
    counted: Counter[tuple[str, bool]] = Counter()
    for each in found:
        counted[each.source, each.severity == "info"] += each.row_count
    totals: Counter[int] = Counter()
    for record in latest.values():
        numbers = [getattr(record, field) for field in fields]
        judged = record.staged is not None
        numbers += [counted[record.source, kind] if judged else None for kind in (False, True)]
        totals.update({column: number or 0 for column, number in enumerate(numbers)})
        shown = ["—" if number is None else f"{number:,}" for number in numbers]
        equal = f" (= {record.equal_to})" if record.equal_to else ""
        table.add_row(record.source, f"{record.batch}{equal}", *shown)
    every = (f"{totals[column]:,}" for column in range(len(fields) + 2))
    table.add_row("all", "", *every, style="bold")
    return table


def _attention(attention: Sequence[Attention]) -> Table:
    table = _table("Sources that need a look", "source", "batch", "state", "reason")
    for each in attention:
        table.add_row(each.source, each.batch, each.state, each.reason)
    return table


def _libraries(engine: Engine) -> Table:
    columns = ("library", "run", "entities", "source records", "built without", "late")
    table = _table("Libraries, last publication", *columns)
    entities = {library.name: library.entity for library in load_libraries().values()}
    last = {publication.library: publication for publication in read_publications(engine)}
    for name, publication in last.items():
        rows, entity = publication.row_counts, entities[name]
        lacks = (publication.without_sources, publication.late_sources)
        counts = (f"{rows[entity]:,}", f"{rows[f'{entity}_source']:,}")
        table.add_row(name, publication.run, *counts, *(", ".join(each) or "—" for each in lacks))
    return table


def _resolutions(engine: Engine) -> Table:
    table = _table("Resolution, last run of each library", "library", "run", "records")
    for each in {each.library: each for each in read_resolutions(engine)}.values():
        table.add_row(each.library, each.run, f"{each.records:,}")
    return table


def _id_changes(engine: Engine) -> Table:
    """What the last compared run of each library would do to the published ids."""
    table = _table(
        "Published ids, last run compared",
        *("library", "run", "ids", "merged", "split", "moved", "vanished", "budget", "verdict"),
    )
    for each in {each.library: each for each in read_comparisons(engine)}.values():
        kinds: Counter[str] = Counter()
        for change in each.id_stability.changes:
            kinds[change.kind] += change.ids
        approved = is_approved(engine, each)
        verdict = "within" if each.is_within else "approved" if approved else "stopped"
        counts = [f"{kinds[kind]:,}" for kind in CHANGE_KINDS]
        ids = f"{each.id_stability.ids:,}"
        table.add_row(each.library, each.run, ids, *counts, f"{each.budget.ids:.2%}", verdict)
    return table


def _scores(engine: Engine) -> Table:
    """The last score of everything that is scored, and how it has moved since the one before."""
    table = _table(
        "Quality scores (GB/T 36344), last batch; six dimensions: docs/quality.md",
        *("subject", "batch", "score", "before", "grade", *DIMENSIONS),
    )
    history: dict[tuple[str, str], list[ScoreRecord]] = defaultdict(list)
    for record in read_scores(engine):
        history[record.scope, record.subject].append(record)
    for scope in ("library", "department", "source"):
        for (of, subject), records in sorted(history.items()):
            if of == scope:
                before = f"{records[-2].score:.2f}" if len(records) > 1 else "—"
                table.add_row(*_score_cells(subject, records[-1], before))
    return table


def _score_cells(subject: str, record: ScoreRecord, before: str) -> list[str]:
    scored = record.dimensions
    cells = [tenths(scored[n]) if n in scored else "n/a" for n in load_scoring().dimensions]
    return [subject, record.run, f"{record.score:.2f}", before, record.grade, *cells]


def _findings(found: Sequence[FindingRecord]) -> Table:
    rules = load_rules()
    counted: Counter[str] = Counter()
    for each in found:
        counted[each.rule] += each.row_count
    title = "Problems (error, warning) and remarks (info) by kind, most frequent first"
    table = _table(title, "rule", "severity", "rows")
    for rule, rows in counted.most_common(MOST_RULES):
        table.add_row(f"{rule}: {rules[rule].en}", rules[rule].severity, f"{rows:,}")
    left = sum(count for _, count in counted.most_common()[MOST_RULES:])
    if left:
        table.add_row(f"{len(counted) - MOST_RULES} further rules", "", f"{left:,}")
    return table


def _timings(engine: Engine) -> Table:
    last = {(timing.subject, timing.stage): timing for timing in read_timings(engine)}
    seconds: dict[str, float] = defaultdict(float)
    for timing in last.values():
        seconds[timing.stage] += timing.seconds
    table = _table("Seconds per stage, last run of each source and library", *seconds)
    table.add_row(*(f"{value:.1f}" for value in seconds.values()))
    return table


def _places(settings: Settings, mail: dict[str, int]) -> str:
    places = {
        "Parquet (Iceberg)": settings.lake_dir / "core",
        "PostgreSQL": database_url(settings),
        "Data Docs": settings.data_docs_dir / "index.html",
        "Quality reports": f"{settings.outbox_dir} ({mail['pending']} wait, {mail['sent']} sent)",
    }
    lines = [f"{name:<18} {place}" for name, place in places.items()]
    return "\n".join(["", *lines, "", *(f'baselib db psql -c "{query}"' for query in QUERIES)])
