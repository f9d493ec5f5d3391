"""Candidate pairs: a record without a trusted identifier, and any record that a pass ties it to.

Each pass joins on its block columns and asks its other columns to agree. All pairs are found once;
how they are used is decided in ``link.py``.
"""

from collections.abc import Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.libraries import Library
from pipelines.resolve.compare import agreement_on
from pipelines.resolve.workset import compared_columns, evidence_of, known
from pipelines.resolve.workspace import Workspace

# A value that more records share is no evidence and would make pairs by the square of it; the
# largest honest block seen was a group company's 212 shops under one registered name.
LARGEST_BLOCK = 500
# A pair's score is its pass's place, then how many further columns agree; smaller is better.
_PLACE = 64


def candidate_pairs(
    work: ir.Table, disputed: ir.Table, open_: ir.Table, library: Library, space: Workspace
) -> ir.Table:
    """All pairs that some pass claims and nothing forbids.

    Args:
        work: ``working_set``.
        disputed: ``Groups.disputed``.
        open_: ``rid`` of the records to place: those without a trusted identifier.
        library: Its passes, strongest first, and the evidence against a pair.
        space: Keeps the results.

    Returns:
        ``rid`` (to place), ``other``, ``score`` (see ``claim_of``); both directions where both
        records are to be placed.
    """
    left = space.hold(_left_side(work, disputed, open_, library))
    blocks = {tuple(each.block): None for each in library.identity.passes}
    found = [_pairs_of_block(left, work, disputed, block, library) for block in blocks]
    found.append(_same_disputed_number(left, library))
    union = reduce(lambda a, b: a.union(b, distinct=False), found)
    return space.hold(union.group_by("rid", "other").agg(score=union.score.min()))


def claims(library: Library) -> Sequence[str]:
    """Names of the passes in the order of their scores."""
    two_holders = f"{library.identity.strong_claim}_and_{_name_column(library)}"
    return (*(each.claim for each in library.identity.passes), two_holders)


def claim_of(score: ir.IntegerValue, library: Library) -> ir.StringValue:
    """The name of the pass that a score came from."""
    place = (score // _PLACE).cast("int64")
    named = [(place == index, claim) for index, claim in enumerate(claims(library))]
    return ibis.cases(*named, else_=None)


def place_of(score: ir.IntegerValue) -> ir.IntegerValue:
    """The place of the pass that a score came from, whatever else agreed."""
    return (score // _PLACE).cast("int64")


def _name_column(library: Library) -> str:
    person = evidence_of(library).person
    return person[0] if person else library.identity.strong


def _left_side(work: ir.Table, disputed: ir.Table, open_: ir.Table, library: Library) -> ir.Table:
    """Records to place, with what they state only where their number is disputed."""
    rows = work.semi_join(open_, "rid").left_join(disputed.select("rid", "number"), "rid")
    rows = rows.drop("rid_right")
    own = {
        column: ibis.ifelse(rows.number.notnull(), rows[f"stated_{column}"], rows[column])
        for column in compared_columns(library)
        if f"stated_{column}" in rows.columns
    }
    return rows.mutate(**own)


def _pairs_of_block(
    left: ir.Table, work: ir.Table, disputed: ir.Table, block: Sequence[str], library: Library
) -> ir.Table:
    keyed = left.filter(*(left[column].notnull() for column in block))
    right = _right_side(keyed, work, disputed, block, library)
    met = keyed.inner_join(right, [keyed[c] == right[f"{c}_other"] for c in block])
    met = met.filter(met.rid != met.other, ~_forbidden(met, block, library))
    scored = met.select("rid", "other", score=_score(met, block, library))
    return scored.filter(scored.score.notnull())


def _right_side(
    keyed: ir.Table, work: ir.Table, disputed: ir.Table, block: Sequence[str], library: Library
) -> ir.Table:
    """Records that share a block with one to place; blocks that say nothing are left out."""
    filled = work.filter(*(work[column].notnull() for column in block))
    others = filled.semi_join(keyed, list(block))
    sizes = others.group_by(list(block)).agg(size=others.count())
    telling = others.semi_join(sizes.filter(sizes.size <= LARGEST_BLOCK), list(block))
    kept_out = disputed.select(kept_out=disputed.rid, number_other=disputed.number)
    told = telling.left_join(kept_out, telling.rid == kept_out.kept_out)
    columns = {f"{column}_other": told[column] for column in compared_columns(library)}
    return told.select("number_other", other=told.rid, **columns)


def _forbidden(met: ir.Table, block: Sequence[str], library: Library) -> ir.BooleanValue:
    """Somebody it was kept away from, another disputed number, or what the evidence forbids."""
    strong = library.identity.strong
    mine, its = met[strong], met[f"{strong}_other"]
    kept_away = (mine == its) & met.number_other.isnull()
    two_numbers = (mine != its) & met.number.notnull() & met.number_other.notnull()
    by_name = any(column in block for column in evidence_of(library).person)
    evidence = evidence_of(library).forbids(known(met), known(met, "_other"), by_name)
    return (kept_away | two_numbers).fill_null(False) | evidence.fill_null(False)


def _score(met: ir.Table, block: Sequence[str], library: Library) -> ir.IntegerValue:
    passes = library.identity.passes
    agreed = sorted({column for each in passes for column in each.agree})
    agrees = {c: _agrees(met, c, library) for c in agreed}
    places = [
        (ibis.and_(*(agrees[column] for column in each.agree)), place)
        for place, each in enumerate(passes)
        if tuple(each.block) == tuple(block)
    ]
    place = ibis.cases(*places, else_=None).cast("int64")
    return place * _PLACE + (_PLACE - 1) - _count(list(agrees.values()))


def _agrees(met: ir.Table, column: str, library: Library) -> ir.BooleanValue:
    return agreement_on(column, library)(met[column], met[f"{column}_other"]).fill_null(False)


def _count(conditions: Sequence[ir.BooleanValue]) -> ir.IntegerValue:
    zero: ir.IntegerValue = ibis.literal(0)
    return sum((condition.cast("int64") for condition in conditions), start=zero)


def _same_disputed_number(left: ir.Table, library: Library) -> ir.Table:
    """Two records kept out of one number's group under one name: two people have that number."""
    name = _name_column(library)
    kept_out = left.filter(left.number.notnull())
    ours = kept_out.select("rid", "number", key=kept_out[name])
    theirs = kept_out.select(other=kept_out.rid, its_number=kept_out.number, its_key=kept_out[name])
    met = ours.inner_join(theirs, [ours.number == theirs.its_number, ours.key == theirs.its_key])
    score = ibis.literal(len(library.identity.passes) * _PLACE + _PLACE - 1, "int64")
    return met.filter(met.rid != met.other).select("rid", "other", score=score)
