"""Resolve a library: records in, one entity id per record out, with the reason for each.

Rules, then scores where there is a model, then people's decisions, then ids, and what is asked.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.errors import EntityTooLarge
from pipelines.identity.clusters.cannot_link import (
    decided_pairs,
    forbidden_within,
    keep_apart,
    under_two_numbers,
    united,
)
from pipelines.identity.clusters.score_clusters import join_by_score, moved_clusters
from pipelines.identity.ids.entity_ids import RECORD_SCHEMA, assign_ids
from pipelines.identity.ids.events import next_sequence, stamped
from pipelines.identity.review.schemas import QUESTION_SCHEMA, no_questions
from pipelines.identity.rules.apply import Ruled, apply_rules
from pipelines.identity.rules.identifier_groups import Groups
from pipelines.identity.rules.match import FOUNDING_RECORD
from pipelines.identity.scores.model import Model, load_model
from pipelines.identity.tables.comparison_keys import working_set
from pipelines.identity.tables.temp_tables import Workspace
from pipelines.libraries import Library

_CONFLICT = ibis.literal("conflict")
LARGEST_ENTITY = 32_767  # records; core.<entity> numbers them with an int16


@dataclass(frozen=True)
class Resolved:
    """What a resolution found; temporary tables of the engine's connection, in no order.

    ``record``: ``identity.<entity>_record``, one row per record.
    ``event``: ``identity.<entity>_event`` of this run only.
    ``disputed``: ``source, source_key, entity_id, other_entity_id, reason``: records whose strong
    identifier is another entity's; for the data owner who can repair them.
    ``question``: ``identity.<entity>_question``: pairs of records that a person should decide.
    ``sequence``: this run's place in the ledger's history, as on its events.
    """

    record: ir.Table
    event: ir.Table
    disputed: ir.Table
    question: ir.Table
    sequence: int


@dataclass(frozen=True)
class Judges:
    """Who has a say after the rules: ``model`` of scores, and ``decisions`` of people; or None."""

    model: Model | None
    decisions: ir.Table | None


@dataclass(frozen=True)
class History:
    """The ledger's, and what ids are made with. See ``resolve``."""

    key: str
    run: str
    previous: ir.Table | None
    events: ir.Table | None


@dataclass(frozen=True)
class _Found:
    """``placed``: rid, cluster, rule, linked, probability. ``asked``: rid, other, probability,

    kind, rule.
    """

    placed: ir.Table
    asked: ir.Table | None


def resolve(
    con: BaseBackend,
    records: ir.Table,
    library: Library,
    *,
    key: str,
    run: str,
    previous: ir.Table | None = None,
    events: ir.Table | None = None,
    decisions: ir.Table | None = None,
    model: Model | None = None,
) -> Resolved:
    """Decide which records are the same entity.

    Args:
        con: The engine that holds the records; intermediate tables are made there and dropped.
        records: ``library_records``; better materialised, it is read here, and to merge.
        library: How its records are matched.
        key: The site's secret for ids, at least 16 characters; the same for ever.
        run: Id of this run, written on its events.
        previous: ``identity.<entity>_record`` as the last run left it; ids in it survive.
        events: ``identity.<entity>_event`` of all earlier runs; without it an id that ended
            before the last run could be given again.
        decisions: ``questions.DECISION_SCHEMA``, what people decided about pairs of records. A
            person beats every rule and score: ``same`` pairs are one entity, ``different`` pairs
            are not.
        model: Another model of scores than the one in force.

    Returns:
        The ledger. It depends on the records, the declaration and the previous ledger alone, not
        on the order of rows or sources.

    Raises:
        EntityIdCollision: an id would be given twice.
        EntityTooLarge: an entity has more records than any real one.
    """
    judges = Judges(model or model_in_force(con, library), decisions)
    history = History(key, run, previous, events)
    with Workspace(con) as space:
        work = working_set(records, library, space)
        ruled = apply_rules(work, library, space)
        return conclude(con, ruled, library, judges, history, space)


def model_in_force(con: BaseBackend, library: Library) -> Model | None:
    """The reviewed model of the library, if it has one, where the engine can score."""
    return load_model(library.entity) if con.name == "duckdb" else None


def conclude(
    con: BaseBackend,
    ruled: Ruled,
    library: Library,
    judges: Judges,
    history: History,
    space: Workspace,
) -> Resolved:
    """Scores where there is a model, then people, who have the last word; then ids.

    Args:
        con: The engine.
        ruled: What the rules said.
        library: How its records are matched.
        judges: Who has a say after them.
        history: The ledger's.
        space: Keeps the results.

    Returns:
        What was resolved.

    Raises:
        EntityIdCollision: an id would be given twice.
        EntityTooLarge: an entity has more records than any real one.
    """
    work, groups = ruled.work, ruled.groups
    found = _clusters(con, ruled, library, judges, space)
    members = space.hold(_placed(work, groups, found.placed))
    sequence = next_sequence(history.events)
    minted = assign_ids(
        members,
        history.previous,
        history.events,
        library,
        history.key,
        space,
    )
    named = members.inner_join(minted.ids, "cluster")
    _refuse_giants(members, minted.ids, library, space)
    return Resolved(
        record=space.keep(_ledger(named, groups, library)),
        event=space.keep(stamped(minted.events, history.run, sequence)),
        disputed=space.keep(_disputes(named, groups)),
        question=space.keep(_questions(members, minted.ids, found.asked)),
        sequence=sequence,
    )


def _clusters(
    con: BaseBackend, ruled: Ruled, library: Library, judges: Judges, space: Workspace
) -> _Found:
    work, groups = ruled.work, ruled.groups
    placed = ruled.placed.mutate(probability=ibis.null("float64"))
    asked = None
    if judges.model is not None:
        scored = join_by_score(con, ruled, library, judges.model, space)
        moved = space.hold(moved_clusters(placed, scored.links))
        apart = forbidden_within(work, groups, placed, moved, library, space)
        parted = keep_apart(moved, apart, FOUNDING_RECORD, library, space)
        conflicts = parted.cut.select("rid", "other", "probability", "rule", kind=_CONFLICT)
        doubled = under_two_numbers(work, groups, library, space).mutate(
            probability=ibis.null("float64"), kind=_CONFLICT
        )
        columns = scored.asked.columns
        asked = scored.asked.union(
            conflicts.select(*columns), doubled.select(*columns), distinct=False
        )
        placed = parted.placed
    if judges.decisions is not None:
        same = space.hold(decided_pairs(work, judges.decisions, "same"))
        placed = united(placed, same, space)
        apart = decided_pairs(work, judges.decisions, "different").mutate(by_person=True)
        placed = keep_apart(placed, apart, FOUNDING_RECORD, library, space, same).placed
    return _Found(placed, asked)


def _placed(work: ir.Table, groups: Groups, members: ir.Table) -> ir.Table:
    """Lineage beside the cluster, and whether the record's identifier is believed or disputed.

    A record that a person took out of its number's group does not take the number along.
    """
    lineage = work.select("rid", "source", "source_key", "since_batch", "batch")
    heads = members.select(gid="rid", its_cluster="cluster")
    trusted = groups.trusted.select("rid", "gid").inner_join(heads, "gid")
    disputed = groups.disputed.select("rid", dispute=groups.disputed.reason)
    joined = lineage.inner_join(members, "rid").left_join(trusted, "rid").drop("rid_right")
    joined = joined.left_join(disputed, "rid").drop("rid_right")
    stays = (joined.its_cluster == joined.cluster).fill_null(False)
    taken = joined.gid.notnull() & ~stays
    return joined.mutate(trusted=stays, taken=taken).drop("gid", "its_cluster")


def _ledger(named: ir.Table, groups: Groups, library: Library) -> ir.Table:
    kept_out = groups.disputed.select("rid", withheld=ibis.literal(library.identity.strong))
    linked = named.select(linked=named.rid, linked_source=named.source, linked_key=named.source_key)
    joined = named.left_join(linked, "linked").left_join(kept_out, "rid")
    withheld = ibis.ifelse(joined.taken, library.identity.strong, joined.withheld)
    return joined.mutate(withheld=withheld).select(*RECORD_SCHEMA)


def _disputes(named: ir.Table, groups: Groups) -> ir.Table:
    """Records kept out of their number's group, and whose number it is, if anybody's."""
    head = groups.trusted.filter(groups.trusted.rid == groups.trusted.gid)
    head = head.semi_join(groups.disputed, "number")
    holder = named.inner_join(head, "rid").select("number", other_entity_id="entity_id")
    told = groups.disputed.inner_join(named, "rid").left_join(holder, "number")
    return told.select("source", "source_key", "entity_id", "other_entity_id", "reason")


def _questions(members: ir.Table, ids: ir.Table, asked: ir.Table | None) -> ir.Table:
    """Pairs by source and key; harm is how many records stand on the smaller side.

    A pair that is one entity by now is none: a person has answered.
    """
    if asked is None:
        return no_questions()
    near = asked.select("rid").union(asked.select(rid="other"), distinct=True)
    met = members.semi_join(members.semi_join(near, "rid"), "cluster")
    sizes = met.group_by("cluster").agg(size=met.count())
    sized = met.semi_join(near, "rid").inner_join(sizes, "cluster").inner_join(ids, "cluster")
    sized = sized.select("rid", "source", "source_key", "size", "entity_id")
    mine = sized.rename(left_source="source", left_key="source_key")
    its = sized.rename(
        other="rid", right_source="source", right_key="source_key", its="size", its_id="entity_id"
    )
    met = asked.distinct().inner_join(mine, "rid").inner_join(its, "other")
    met = met.filter(met.entity_id != met.its_id)
    told = met.mutate(harm=ibis.least(met["size"], met.its).cast("int64"))
    return told.select(*QUESTION_SCHEMA)


def _refuse_giants(members: ir.Table, ids: ir.Table, library: Library, space: Workspace) -> None:
    sizes = members.group_by("cluster").agg(records=members.count())
    giants = space.hold(sizes.filter(sizes.records > LARGEST_ENTITY))
    if space.count(giants):
        told = giants.inner_join(ids, "cluster").order_by(ibis.desc("records"))
        largest = told.limit(1).to_pyarrow().to_pylist()[0]
        raise EntityTooLarge(
            library.entity, largest["entity_id"], largest["records"], LARGEST_ENTITY
        )
