"""Candidate pairs: a record without a trusted identifier, and any record that a pass ties it to.

Each pass joins on its block columns and asks its other columns to agree. All pairs are found once;
how they are used is decided in ``link.py``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.compare.conflicts import NUMBER_OF_ONE_OF_TWO
from pipelines.compare.values import Sides
from pipelines.identity.tables.comparison_keys import (
    compared_columns,
    evidence_of,
    implied_columns,
    known,
)
from pipelines.identity.tables.temp_tables import Workspace
from pipelines.libraries import Library, Pass

# A value that more records share is no evidence and would make pairs by the square of it; the
# largest honest block seen was a group company's 212 shops under one registered name.
LARGEST_BLOCK = 500
# A pair's score is its pass's place, then how many further columns agree; smaller is better.
_PLACE = 64


def candidate_pairs(
    work: ir.Table,
    disputed: ir.Table,
    open_: ir.Table,
    library: Library,
    space: Workspace,
) -> ir.Table:
    """All pairs that some pass claims and nothing forbids.

    Args:
        work: ``working_set``.
        disputed: ``Groups.disputed``.
        open_: ``rid`` of the records to place: those without a trusted identifier.
        library: Its passes, strongest first, and the evidence against a pair.
        space: Keeps the results.

    Returns:
        ``rid`` (to place), ``other``, ``score`` (see ``claim_of``; NULL where no pass holds) and
        ``refused``, the place of the first pass that these two rule out for the whole group of
        ``other``, or NULL. Both directions where both records are to be placed. For libraries with
        ``Evidence.telling`` also whoever has the name, ``namesake``; ``apart`` if something
        forbids the two, and of each telling column whether they ``agreed`` and ``differed`` in it.
    """
    left = space.hold(records_to_place(work, disputed, open_, library))
    all_ = believed_records(work, left)
    pairs = _in_blocks(left, all_, library, space)
    right = space.hold(_right_side(pairs, all_, open_, library))
    compared = space.hold(_compared(pairs, left, right, library))
    told = compared.select(
        "rid",
        "other",
        score=_score(compared, library),
        refused=_refused(compared, library),
        **_telling(compared, library),
    )
    told = told.filter(told.score.notnull() | told.refused.notnull() | told.namesake)
    same = _same_disputed_number(left, library)
    found = told.union(same.select(*told.columns), distinct=False)
    return space.hold(
        found.group_by("rid", "other").agg(
            score=found.score.min(),
            refused=found.refused.min(),
            **{name: found[name].any() for name in _nothing_telling(library)},
        )
    )


def _in_blocks(left: ir.Table, all_: "Believed", library: Library, space: Workspace) -> ir.Table:
    """``rid, other`` that share the block of some pass."""
    blocks = dict.fromkeys(tuple(each.block) for each in library.identity.passes)
    met = [meet(left, all_, block, LARGEST_BLOCK, space) for block in blocks]
    return space.hold(reduce(lambda a, b: a.union(b, distinct=True), met))


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


def records_to_place(
    work: ir.Table,
    disputed: ir.Table,
    open_: ir.Table,
    library: Library,
    more: Sequence[str] = (),
) -> ir.Table:
    """Records to place; of one whose number is disputed, only what it states itself.

    Not even that it writes the disputed number once more. One that two groups could claim has none.
    """
    disputes = disputed.select("rid", "number", "reason")
    rows = work.semi_join(open_, "rid").left_join(disputes, "rid").drop("rid_right")
    strong = library.identity.strong
    own: dict[str, ir.Value] = {
        column: ibis.ifelse(rows.number.notnull(), own_word(rows, column, library), rows[column])
        for column in implied_columns(library)
    }
    of_two = (rows.reason == NUMBER_OF_ONE_OF_TWO).fill_null(False)
    own[strong] = ibis.ifelse(of_two, ibis.null("string"), rows[strong])
    return rows.mutate(**own).select("rid", "number", *compared_columns(library), *more)


def own_word(rows: ir.Table, column: str, library: Library) -> ir.Value:
    """What a record says itself, whatever its number says; to write that once more is no word."""
    if column not in implied_columns(library):
        return rows[column]
    stated = rows[f"stated_{column}"]
    is_repeated = column in evidence_of(library).repeating
    return stated.nullif(rows[f"implied_{column}"]) if is_repeated else stated


@dataclass(frozen=True)
class Believed:
    """All records: ``work``, but those whose number is disputed as ``kept_out`` has them.

    The few are put in place of the many's rows only where rows are asked for.
    """

    work: ir.Table
    kept_out: ir.Table

    def semi_join(self, rows: ir.Table, on: str | Sequence[str]) -> ir.Table:
        """The records that share these columns with one of ``rows``."""
        found = self.work.semi_join(rows, on).anti_join(self.kept_out, "rid")
        return found.union(self.kept_out.semi_join(rows, on), distinct=False)

    def each(self, change: Callable[[ir.Table], ir.Table]) -> "Believed":
        """With other columns, made of each record alone; ``rid`` stays."""
        return Believed(change(self.work), change(self.kept_out))

    @property
    def everybody(self) -> ir.Table:
        """All rows, in one table."""
        return self.work.anti_join(self.kept_out, "rid").union(self.kept_out, distinct=False)

    def select(self, *columns: str) -> "Believed":
        """With these columns alone."""
        return self.each(lambda rows: rows.select(*columns))


def believed_records(work: ir.Table, left: ir.Table) -> Believed:
    """All records as ``left`` has them; all that are disputed are among ``left``."""
    undisputed = work.mutate(number=ibis.null("int64")).select(*left.columns)
    return Believed(undisputed, left.filter(left.number.notnull()))


def meet(
    left: ir.Table, all_: Believed, block: Sequence[str], largest: int, space: Workspace
) -> ir.Table:
    """Pairs that share a block; a block that half the table is in says nothing and is left out.

    ``all_`` is read once: what shares a block with ``left`` is little, and kept.
    """
    key = list(block)
    keyed = left.filter(*(left[column].notnull() for column in key)).select("rid", *key)
    others = space.hold(all_.select("rid", *key).semi_join(keyed, key))
    sizes = others.group_by(key).agg(size=others.count())
    telling = others.semi_join(sizes.filter(sizes.size <= largest), key)
    met = keyed.inner_join(telling.rename(other="rid"), key)
    return met.filter(met.rid != met.other).select("rid", "other")


def _right_side(pairs: ir.Table, all_: Believed, open_: ir.Table, library: Library) -> ir.Table:
    """The columns of the records that were met, named ``<column>_other``; ``grouped`` by number."""
    met = all_.semi_join(pairs.select(rid="other").distinct(), "rid")
    waiting = open_.select(waiting="rid")
    told = met.left_join(waiting, met.rid == waiting.waiting)
    columns = {f"{c}_other": told[c] for c in ("number", *compared_columns(library))}
    return told.select(other=told.rid, grouped=told.waiting.isnull(), **columns)


def _compared(pairs: ir.Table, left: ir.Table, right: ir.Table, library: Library) -> ir.Table:
    """Per pair, what is equal, what agrees and what forbids; each judged once."""
    passes = library.identity.passes
    blocked = sorted({column for each in passes for column in each.block})
    agreed = sorted({column for each in passes for column in each.agree})
    unless = sorted({column for each in passes for column in each.unless})
    telling = evidence_of(library).telling
    met = pairs.inner_join(left, "rid").inner_join(right, "other")
    sides = Sides(known(met), known(met, "_other"), library)
    forbids = evidence_of(library).forbids
    told: dict[str, ir.Value] = {
        "forbidden": kept_away(met, library),
        "forbidden_by_name": forbids(sides, True),
        "forbidden_by_number": forbids(sides, False),
    }
    told |= {f"equal_{column}": sides.equal(column) for column in blocked}
    told |= {f"agree_{column}": sides.agree(column) for column in {*agreed, *telling}}
    told |= {f"differ_{column}": sides.differ(column) for column in {*unless, *telling}}
    return met.select("rid", "other", "grouped", **told)


def kept_away(met: ir.Table, library: Library) -> ir.BooleanValue:
    """The group that the record was kept out of, or another disputed number."""
    mine, its = met[library.identity.strong], met[f"{library.identity.strong}_other"]
    its_holder = (mine == its) & met.number_other.isnull()
    two_numbers = (mine != its) & met.number.notnull() & met.number_other.notnull()
    return its_holder.fill_null(False) | two_numbers.fill_null(False)


def _telling(compared: ir.Table, library: Library) -> dict[str, ir.BooleanValue]:
    """What ``candidate_pairs`` tells of rivals; of a library without them, nothing."""
    telling = evidence_of(library).telling
    if not telling:
        return _nothing_telling(library)
    told = {
        "namesake": compared[f"equal_{_name_column(library)}"],
        "apart": compared.forbidden | compared.forbidden_by_name | compared.forbidden_by_number,
    }
    told |= {agreed(column): compared[f"agree_{column}"] for column in telling}
    return told | {differed(column): compared[f"differ_{column}"] for column in telling}


def _nothing_telling(library: Library) -> dict[str, ir.BooleanValue]:
    telling = evidence_of(library).telling
    names = ["namesake", "apart", *map(agreed, telling), *map(differed, telling)]
    return {name: ibis.literal(False) for name in names}


def agreed(column: str) -> str:
    """Of ``candidate_pairs``: that the two agree in a telling column."""
    return f"agreed_{column}"


def differed(column: str) -> str:
    """Of ``candidate_pairs``: that the two differ in a telling column."""
    return f"differed_{column}"


def _score(compared: ir.Table, library: Library) -> ir.IntegerValue:
    passes = library.identity.passes
    agreed = sorted({column for each in passes for column in each.agree})
    places = [(_holds(compared, each, library), place) for place, each in enumerate(passes)]
    zero: ir.IntegerValue = ibis.literal(0, "int64")
    agreeing = sum((compared[f"agree_{c}"].cast("int64") for c in agreed), start=zero)
    place = ibis.cases(*places, else_=None).cast("int64")
    return place * _PLACE + (_PLACE - 1) - agreeing


def _holds(compared: ir.Table, each: Pass, library: Library) -> ir.BooleanValue:
    by_name = is_by_name(each, library)
    against = compared["forbidden_by_name" if by_name else "forbidden_by_number"]
    return ibis.and_(
        *(compared[f"equal_{column}"] for column in each.block),
        *(compared[f"agree_{column}"] for column in each.agree),
        *(~compared[f"differ_{column}"] for column in each.unless),
        *([compared.grouped] if each.unless else []),
        ~against,
        ~compared.forbidden,
    )


def is_by_name(each: Pass, library: Library) -> bool:
    """Whether a pass rests on a name, which others may bear, too."""
    return any(column in each.block for column in evidence_of(library).person)


def _refused(compared: ir.Table, library: Library) -> ir.IntegerValue:
    """The place of the first pass that a difference rules out.

    A claim by the absence of differences is as good as what is known: somebody who agrees with one
    record of a group because it says little must not differ from another that says more. For the
    same reason such claims tie to records with a believed number only.
    """
    ruled_out = [
        (ibis.or_(*(compared[f"differ_{column}"] for column in each.unless)), place)
        for place, each in enumerate(library.identity.passes)
        if each.unless
    ]
    return ibis.cases(*ruled_out, else_=None).cast("int64") if ruled_out else ibis.null("int64")


def _same_disputed_number(left: ir.Table, library: Library) -> ir.Table:
    """Two records kept out of one number's group under one name: two people have that number."""
    name = _name_column(library)
    kept_out = left.filter(left.number.notnull())
    ours = kept_out.select("rid", "number", key=kept_out[name])
    theirs = kept_out.select(other=kept_out.rid, its_number=kept_out.number, its_key=kept_out[name])
    met = ours.inner_join(theirs, [ours.number == theirs.its_number, ours.key == theirs.its_key])
    score = ibis.literal(len(library.identity.passes) * _PLACE + _PLACE - 1, "int64")
    told = met.filter(met.rid != met.other)
    return told.select(
        "rid", "other", score=score, refused=ibis.null("int64"), **_nothing_telling(library)
    )
