"""What-if: the id changes of another declaration or model; nothing is published or kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir

from pipelines.errors import DeclarationRefused
from pipelines.flows.library.consequences.id_changes import budget_of
from pipelines.flows.shared.run_inputs import latest_run, records_of_run
from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.shared.site_keys import identity_key
from pipelines.identity.ids.id_changes import Budget, IdStability, changed_ids, id_stability
from pipelines.identity.resolve import resolve
from pipelines.identity.review.schemas import DECISION_SCHEMA
from pipelines.identity.scores.model import Model, model_file, read_model
from pipelines.libraries import Library, load_libraries, load_library
from pipelines.settings import Settings

EXAMPLES = 3


@dataclass(frozen=True)
class Example:
    """One id that would change: ids and names of sources, nothing of what the records say."""

    entity_id: str
    other_entity_id: str | None
    source: str


@dataclass(frozen=True)
class WhatIf:
    """What would become of the ids of the ledger, with examples by kind and rule."""

    library: str
    run: str
    id_stability: IdStability
    budget: Budget
    created: int
    examples: Mapping[tuple[str, str], Sequence[Example]]

    @property
    def unchanged(self) -> int:
        """Ids that would stay as they are."""
        return self.id_stability.ids - self.id_stability.changed - self.id_stability.vanished


def compare_identity(
    settings: Settings,
    library_name: str,
    declaration: Path | None = None,
    model: Path | None = None,
) -> WhatIf:
    """Resolve the records of the last run in another way, and compare with its ledger.

    Args:
        settings: Where the ledger is.
        library_name: Whose.
        declaration: A library declaration ``<library>.yml``; by default the one in force, so that
            what is compared is the code and the model.
        model: A model of scores as ``train`` writes it; by default the one in force.

    Raises:
        TableMissing: the library has never been resolved.
        DeclarationRefused: the declaration is of another library, or the model of other
            comparisons, or they cannot be used.
    """
    library = load_library(library_name)
    wanted = _declared(declaration, library) if declaration else library
    other_model = _other_model(model, wanted, library)
    with open_session(settings) as session:
        run = latest_run(session, library)
        ledger = session.lake.read(session.con, f"identity.{library.entity}_record")
        events = session.lake.read(session.con, f"identity.{library.entity}_event")
        with session.materialised(records_of_run(session, wanted, run)) as records:
            resolved = resolve(
                session.con,
                records,
                wanted,
                key=identity_key(settings),
                run=run,
                previous=ledger,
                events=events,
                decisions=_decisions(session, library, run),
                model=other_model,
            )
            changed = changed_ids(session.con, ledger, resolved.record, resolved.event)
            created = resolved.event.filter(resolved.event.kind.isin(["created", "split"]))
            return WhatIf(
                library.name,
                run,
                id_stability(session.con, ledger, resolved.record, changed),
                budget_of(settings, wanted),
                int(session.con.execute(created.count())),
                _examples(session, changed),
            )


def _declared(file: Path, library: Library) -> Library:
    found = load_libraries(file.parent.resolve()).get(file.stem) if file.exists() else None
    if found is None or found.name != library.name:
        raise DeclarationRefused(
            file, "file", f"declares no library {library.name}.", f"Name {library.name}.yml."
        )
    return found


def _other_model(file: Path | None, wanted: Library, library: Library) -> Model | None:
    """The model asked for; a draft that has none beside it is scored by the one in force."""
    scored = bool(wanted.identity.scores.comparisons)
    if not file and scored and not model_file(wanted).exists() and model_file(library).exists():
        file = model_file(library)
    return read_model(file, wanted) if file else None


def _decisions(session: Session, library: Library, run: str) -> ir.Table | None:
    table = f"identity.{library.entity}_decision"
    if not session.lake.has(table, run):
        return None
    return session.lake.read(session.con, table, run).select(*DECISION_SCHEMA)


def _examples(session: Session, changed: ir.Table) -> Mapping[tuple[str, str], Sequence[Example]]:
    rank = ibis.row_number().over(group_by=[changed.kind, changed.rule], order_by=changed.entity_id)
    ranked = changed.mutate(rank=rank)
    first = ranked.filter(ranked["rank"] < EXAMPLES)
    shown = first.select("kind", "rule", "entity_id", "other_entity_id", "source")
    examples: dict[tuple[str, str], list[Example]] = {}
    for row in session.con.to_pyarrow(shown.order_by("kind", "rule", "entity_id")).to_pylist():
        example = Example(row["entity_id"], row["other_entity_id"], row["source"])
        examples.setdefault((row["kind"], row["rule"]), []).append(example)
    return examples
