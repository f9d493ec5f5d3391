"""Resolve a library: records in, one entity id per record out, with the rule behind each.

Order: matching rules, scores where there is a model, people's decisions, entity ids, questions.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.errors import EntityTooLarge
from pipelines.identity.clusters.cannot_link import (
    cannot_link_pairs,
    decided_pairs,
    merge_must_link,
    pairs_under_two_identifiers,
    split_cannot_link,
)
from pipelines.identity.clusters.score_clusters import apply_links, join_by_score
from pipelines.identity.ids.entity_ids import RECORD_SCHEMA, assign_ids
from pipelines.identity.ids.events import next_sequence, stamped
from pipelines.identity.review.schemas import QUESTION_SCHEMA, no_questions
from pipelines.identity.rules.apply import RuleResult, apply_rules
from pipelines.identity.rules.identifier_groups import IdentifierGroups
from pipelines.identity.rules.match import FOUNDING_RECORD
from pipelines.identity.scores.model import Model, load_model
from pipelines.identity.tables.comparison_keys import working_set
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library

_CONFLICT = ibis.literal("conflict")
LARGEST_ENTITY = 32_767  # records; core.<entity> numbers them with an int16


@dataclass(frozen=True)
class Resolved:
    """What a resolution found; temporary tables of the engine's connection, in no order.

    ``record``: ``identity.<entity>_record``, one row per record.
    ``event``: ``identity.<entity>_event`` of this run only.
    ``conflicting``: ``source, source_key, entity_id, other_entity_id, reason``: records whose
    strong identifier is another entity's; for the data owner who can repair them.
    ``question``: ``identity.<entity>_question``: pairs of records that a person should decide.
    ``sequence``: this run's place in the ledger's history, as on its events.
    """

    record: ir.Table
    event: ir.Table
    conflicting: ir.Table
    question: ir.Table
    sequence: int


@dataclass(frozen=True)
class MatchInputs:
    """What matches after the rules: ``model`` of the scores, ``decisions`` of people; or None."""

    model: Model | None
    decisions: ir.Table | None


@dataclass(frozen=True)
class History:
    """The previous ledger, and what ids are made with. See ``resolve``."""

    key: str
    run: str
    previous: ir.Table | None
    events: ir.Table | None


@dataclass(frozen=True)
class _Clustered:
    """Clusters before they get ids.

    ``assignments``: rid, cluster, rule, linked, probability.
    ``questions``: rid, other, probability, kind, rule.
    """

    assignments: ir.Table
    questions: ir.Table | None


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
        records: ``library_records``; better materialised: they are read again for golden
            records.
        library: How its records are matched.
        key: The site's secret for ids, at least 16 characters; the same for ever.
        run: Id of this run, written on its events.
        previous: ``identity.<entity>_record`` as the last run left it; ids in it survive.
        events: ``identity.<entity>_event`` of all earlier runs; without it an id that ended
            before the last run could be given again.
        decisions: ``questions.DECISION_SCHEMA``, what people decided about pairs of records. People
            overrule rules and scores: ``same`` pairs are one entity, ``different`` ones are not.
        model: Another model of scores than the one in force.

    Returns:
        The ledger. It depends on the records, the declaration and the previous ledger alone, not
        on the order of rows or sources.

    Raises:
        EntityIdCollision: an id would be given twice.
        EntityTooLarge: an entity has more records than any real one.
    """
    inputs = MatchInputs(model or model_in_force(con, library), decisions)
    history = History(key, run, previous, events)
    with TempTables(con) as temp:
        work = working_set(records, library, temp)
        rule_result = apply_rules(work, library, temp)
        return cluster_and_assign_ids(con, rule_result, library, inputs, history, temp)


def model_in_force(con: BaseBackend, library: Library) -> Model | None:
    """The reviewed model of the library, if it has one, where the engine can score."""
    return load_model(library) if con.name == "duckdb" else None


def cluster_and_assign_ids(
    con: BaseBackend,
    rule_result: RuleResult,
    library: Library,
    inputs: MatchInputs,
    history: History,
    temp: TempTables,
) -> Resolved:
    """Scores where there is a model, then people's decisions, which overrule them; then ids.

    Args:
        con: The engine.
        rule_result: The result of the matching rules.
        library: How its records are matched.
        inputs: The model and the decisions.
        history: The previous ledger.
        temp: Where intermediate tables are materialised.

    Returns:
        What was resolved.

    Raises:
        EntityIdCollision: an id would be given twice.
        EntityTooLarge: an entity has more records than any real one.
    """
    work, groups = rule_result.work, rule_result.groups
    clustered = _clusters(con, rule_result, library, inputs, temp)
    members = temp.materialise(_with_lineage(work, groups, clustered.assignments))
    sequence = next_sequence(history.events)
    minted = assign_ids(
        members,
        history.previous,
        history.events,
        library,
        history.key,
        temp,
    )
    named = members.inner_join(minted.ids, "cluster")
    _refuse_oversized(members, minted.ids, library, temp)
    return Resolved(
        record=temp.materialise_result(_ledger(named, groups, library)),
        event=temp.materialise_result(stamped(minted.events, history.run, sequence)),
        conflicting=temp.materialise_result(_disputes(named, groups)),
        question=temp.materialise_result(_questions(members, minted.ids, clustered.questions)),
        sequence=sequence,
    )


def _clusters(
    con: BaseBackend,
    rule_result: RuleResult,
    library: Library,
    inputs: MatchInputs,
    temp: TempTables,
) -> _Clustered:
    work, groups = rule_result.work, rule_result.groups
    assignments = rule_result.assignments.mutate(probability=ibis.null("float64"))
    questions = None
    if inputs.model is not None:
        scored = join_by_score(con, rule_result, library, inputs.model, temp)
        scored_assignments = temp.materialise(apply_links(assignments, scored.links))
        cannot_link = cannot_link_pairs(
            work, groups, assignments, scored_assignments, library, temp
        )
        split = split_cannot_link(scored_assignments, cannot_link, FOUNDING_RECORD, library, temp)
        conflicts = split.cut.select("rid", "other", "probability", "rule", kind=_CONFLICT)
        under_two = pairs_under_two_identifiers(work, groups, library, temp).mutate(
            probability=ibis.null("float64"), kind=_CONFLICT
        )
        columns = scored.questions.columns
        questions = scored.questions.union(
            conflicts.select(*columns), under_two.select(*columns), distinct=False
        )
        assignments = split.assignments
    if inputs.decisions is not None:
        same = temp.materialise(decided_pairs(work, inputs.decisions, "same"))
        assignments = merge_must_link(assignments, same, temp)
        cannot_link = decided_pairs(work, inputs.decisions, "different").mutate(by_person=True)
        assignments = split_cannot_link(
            assignments, cannot_link, FOUNDING_RECORD, library, temp, same
        ).assignments
    return _Clustered(assignments, questions)


def _with_lineage(work: ir.Table, groups: IdentifierGroups, members: ir.Table) -> ir.Table:
    """Lineage beside the cluster, and whether the record's identifier is accepted or conflicting.

    A record that a person took out of its identifier's group loses the identifier.
    """
    lineage = work.select("rid", "source", "source_key", "since_batch", "batch")
    representatives = members.select(gid="rid", its_cluster="cluster")
    accepted = groups.accepted.select("rid", "gid").inner_join(representatives, "gid")
    conflicting = groups.conflicting.select("rid", dispute=groups.conflicting.reason)
    joined = lineage.inner_join(members, "rid").left_join(accepted, "rid").drop("rid_right")
    joined = joined.left_join(conflicting, "rid").drop("rid_right")
    stays = (joined.its_cluster == joined.cluster).fill_null(False)
    taken = joined.gid.notnull() & ~stays
    return joined.mutate(accepted=stays, taken=taken).drop("gid", "its_cluster")


def _ledger(named: ir.Table, groups: IdentifierGroups, library: Library) -> ir.Table:
    conflicting = groups.conflicting.select("rid", withheld=ibis.literal(library.identity.strong))
    linked = named.select(linked=named.rid, linked_source=named.source, linked_key=named.source_key)
    joined = named.left_join(linked, "linked").left_join(conflicting, "rid")
    withheld = ibis.ifelse(joined.taken, library.identity.strong, joined.withheld)
    return joined.mutate(withheld=withheld).select(*RECORD_SCHEMA)


def _disputes(named: ir.Table, groups: IdentifierGroups) -> ir.Table:
    """Records excluded from their identifier's group, and the entity that it belongs to, if any."""
    head = groups.accepted.filter(groups.accepted.rid == groups.accepted.gid)
    head = head.semi_join(groups.conflicting, "number")
    holder = named.inner_join(head, "rid").select("number", other_entity_id="entity_id")
    result = groups.conflicting.inner_join(named, "rid").left_join(holder, "number")
    return result.select("source", "source_key", "entity_id", "other_entity_id", "reason")


def _questions(members: ir.Table, ids: ir.Table, questions: ir.Table | None) -> ir.Table:
    """Pairs by source and key; harm is the number of records on the smaller side.

    A pair that is one entity by now is left out: a person has answered it.
    """
    if questions is None:
        return no_questions()
    asked = questions.select("rid").union(questions.select(rid="other"), distinct=True)
    joined = members.semi_join(members.semi_join(asked, "rid"), "cluster")
    sizes = joined.group_by("cluster").agg(size=joined.count())
    sized = joined.semi_join(asked, "rid").inner_join(sizes, "cluster").inner_join(ids, "cluster")
    sized = sized.select("rid", "source", "source_key", "size", "entity_id")
    mine = sized.rename(left_source="source", left_key="source_key")
    its = sized.rename(
        other="rid", right_source="source", right_key="source_key", its="size", its_id="entity_id"
    )
    joined = questions.distinct().inner_join(mine, "rid").inner_join(its, "other")
    joined = joined.filter(joined.entity_id != joined.its_id)
    result = joined.mutate(harm=ibis.least(joined["size"], joined.its).cast("int64"))
    return result.select(*QUESTION_SCHEMA)


def _refuse_oversized(members: ir.Table, ids: ir.Table, library: Library, temp: TempTables) -> None:
    sizes = members.group_by("cluster").agg(records=members.count())
    oversized = temp.materialise(sizes.filter(sizes.records > LARGEST_ENTITY))
    if temp.count(oversized):
        result = oversized.inner_join(ids, "cluster").order_by(ibis.desc("records"))
        largest = result.limit(1).to_pyarrow().to_pylist()[0]
        raise EntityTooLarge(
            library.entity, largest["entity_id"], largest["records"], LARGEST_ENTITY
        )
