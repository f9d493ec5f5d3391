"""Candidate pairs of the matching rules: blocking, and which rule holds for each pair.

The left side of a pair is a record without an accepted identifier; the right side is any record.
Each rule (a pass of the library's declaration) blocks on its ``block`` columns, demands that its
``agree`` columns agree and that its ``unless`` columns do not differ. All pairs are made once; what
follows from them is decided in ``match.py``. The blocking rules of the scores are in
``scores/blocking.py``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.compare.conflicts import NUMBER_OF_ONE_OF_TWO
from pipelines.compare.values import Sides
from pipelines.identity.rules.weak_evidence import (
    in_one_crowd,
    same_distinctive_part,
    shared_name_fails,
)
from pipelines.identity.tables.comparison_keys import (
    compared_columns,
    evidence_of,
    implied_columns,
    keys_of,
    name_columns,
)
from pipelines.identity.tables.false_matches import doubtful_rules
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library, Pass

# A value that more records share is no evidence and would make pairs by the square of it; the
# largest honest block seen was a group company's 212 shops under one registered name.
LARGEST_BLOCK = 500
# A pair's score is its rule's rank, then how many further columns agree; smaller is better.
_RANK = 64


def candidate_pairs(
    work: ir.Table,
    conflicting: ir.Table,
    unmatched: ir.Table,
    library: Library,
    temp: TempTables,
) -> ir.Table:
    """All pairs for which a matching rule holds and that nothing forbids.

    Args:
        work: ``working_set``.
        conflicting: ``IdentifierGroups.conflicting``.
        unmatched: ``rid`` of the records without an accepted identifier.
        library: Its rules, strongest first, and the evidence against a pair.
        temp: Where intermediate tables are materialised.

    Returns:
        ``rid`` (unmatched), ``other``, ``score`` (see ``rule_of_score``; NULL where no rule holds)
        and ``excluded_rank``, the rank of the first rule that a difference between the two excludes
        for the whole group of ``other``, or NULL. Both directions where both are unmatched. For
        libraries with ``Evidence.distinguishing`` also every pair with the ``same_name``,
        ``cannot_link`` if something forbids it, and of each distinguishing column whether the two
        ``agreed`` and ``differed`` in it.
    """
    more = name_columns(library)
    left = temp.materialise(unmatched_records(work, conflicting, unmatched, library, more))
    everybody = comparable_records(work, left)
    pairs = _in_blocks(left, everybody, library, temp)
    right = temp.materialise(_right_side(pairs, everybody, unmatched, library))
    compared = temp.materialise(_compared(pairs, left, right, library))
    result = compared.select(
        "rid",
        "other",
        score=_score(compared, library),
        excluded_rank=_excluded_rank(compared, library),
        **_distinguishing(compared, library),
    )
    result = result.filter(
        result.score.notnull() | result.excluded_rank.notnull() | result.same_name
    )
    same = _same_conflicting_number(left, library)
    found = result.union(same.select(*result.columns), distinct=False)
    return temp.materialise(
        found.group_by("rid", "other").agg(
            score=found.score.min(),
            excluded_rank=found.excluded_rank.min(),
            **{name: found[name].any() for name in _no_distinguishing(library)},
        )
    )


def _in_blocks(
    left: ir.Table, everybody: "ComparableRecords", library: Library, temp: TempTables
) -> ir.Table:
    """``rid, other`` that share the block of at least one rule."""
    blocks = dict.fromkeys(tuple(each.block) for each in library.identity.passes)
    blocks |= dict.fromkeys(_rival_blocks(library))
    joined = [pairs_in_block(left, everybody, block, LARGEST_BLOCK, temp) for block in blocks]
    return temp.materialise(reduce(lambda a, b: a.union(b, distinct=True), joined))


def _rival_blocks(library: Library) -> Sequence[tuple[str, ...]]:
    """Blocks that show rivals: one distinctive part, however it is written, and one tie."""
    if not evidence_of(library).distinguishing:
        return ()
    ties = ("registered_address", "phone", "legal_representative_name")
    return [("distinctive_part", tie) for tie in ties]


def rule_names(library: Library) -> Sequence[str]:
    """Names of the matching rules, strongest first; a rule's rank is its place here."""
    two_holders = f"{library.identity.strong_claim}_and_{_name_column(library)}"
    return (*(each.claim for each in library.identity.passes), two_holders)


def rule_of_score(score: ir.IntegerValue, library: Library) -> ir.StringValue:
    """The name of the matching rule that a score came from."""
    place = (score // _RANK).cast("int64")
    named = [(place == index, claim) for index, claim in enumerate(rule_names(library))]
    return ibis.cases(*named, else_=None)


def rule_rank_of_score(score: ir.IntegerValue) -> ir.IntegerValue:
    """The rank of the matching rule that a score came from, whatever else agreed."""
    return (score // _RANK).cast("int64")


def _name_column(library: Library) -> str:
    identifying = evidence_of(library).identifying
    return identifying[0] if identifying else library.identity.strong


def unmatched_records(
    work: ir.Table,
    conflicting: ir.Table,
    unmatched: ir.Table,
    library: Library,
    more: Sequence[str] = (),
) -> ir.Table:
    """Records without an accepted identifier, with what each states itself.

    What only a conflicting identifier implies is left out, and so is a column that merely writes
    that identifier once more. An identifier that two groups share is NULL.
    """
    disputes = conflicting.select("rid", "number", "reason")
    rows = work.semi_join(unmatched, "rid").left_join(disputes, "rid").drop("rid_right")
    strong = library.identity.strong
    own: dict[str, ir.Value] = {
        column: ibis.ifelse(
            rows.number.notnull(), stated_value(rows, column, library), rows[column]
        )
        for column in implied_columns(library)
    }
    of_two = (rows.reason == NUMBER_OF_ONE_OF_TWO).fill_null(False)
    own[strong] = ibis.ifelse(of_two, ibis.null("string"), rows[strong])
    return rows.mutate(**own).select("rid", "number", *compared_columns(library), *more)


def stated_value(rows: ir.Table, column: str, library: Library) -> ir.Value:
    """A record's own value of a column, without what its identifier implies or repeats."""
    if column not in implied_columns(library):
        return rows[column]
    stated = rows[f"stated_{column}"]
    is_repeated = column in evidence_of(library).restating
    return stated.nullif(rows[f"implied_{column}"]) if is_repeated else stated


@dataclass(frozen=True)
class ComparableRecords:
    """All records: ``work``, but those with a conflicting identifier from ``conflicting``.

    The two tables are put together only when rows are asked for: conflicting ones are few, and a
    union of all records would be read for each block.
    """

    work: ir.Table
    conflicting: ir.Table

    def semi_join(self, rows: ir.Table, on: str | Sequence[str]) -> ir.Table:
        """The records that share these columns with one of ``rows``."""
        found = self.work.semi_join(rows, on).anti_join(self.conflicting, "rid")
        return found.union(self.conflicting.semi_join(rows, on), distinct=False)

    def each(self, change: Callable[[ir.Table], ir.Table]) -> "ComparableRecords":
        """With other columns, made of each record alone; ``rid`` stays."""
        return ComparableRecords(change(self.work), change(self.conflicting))

    @property
    def everybody(self) -> ir.Table:
        """All rows, in one table."""
        return self.work.anti_join(self.conflicting, "rid").union(self.conflicting, distinct=False)

    def select(self, *columns: str) -> "ComparableRecords":
        """With these columns alone."""
        return self.each(lambda rows: rows.select(*columns))


def comparable_records(work: ir.Table, left: ir.Table) -> ComparableRecords:
    """All records in the columns of ``left``, which has all those with a conflicting identifier."""
    undisputed = work.mutate(number=ibis.null("int64")).select(*left.columns)
    return ComparableRecords(undisputed, left.filter(left.number.notnull()))


def pairs_in_block(
    left: ir.Table,
    everybody: ComparableRecords,
    block: Sequence[str],
    largest: int,
    temp: TempTables,
) -> ir.Table:
    """Blocking: pairs that share the values of ``block``, unless more than ``largest`` records do.

    A value that so many share is no evidence, and pairs grow with the square of it. ``everybody``
    is read once: what shares a block with ``left`` is little, and materialised.
    """
    key = list(block)
    keyed = left.filter(*(left[column].notnull() for column in key)).select("rid", *key)
    others = temp.materialise(everybody.select("rid", *key).semi_join(keyed, key))
    sizes = others.group_by(key).agg(size=others.count())
    usable = others.semi_join(sizes.filter(sizes.size <= largest), key)
    joined = keyed.inner_join(usable.rename(other="rid"), key)
    return joined.filter(joined.rid != joined.other).select("rid", "other")


def _right_side(
    pairs: ir.Table, everybody: ComparableRecords, unmatched: ir.Table, library: Library
) -> ir.Table:
    """The right side: ``<column>_other``, and ``grouped``, whether its identifier is accepted."""
    joined = everybody.semi_join(pairs.select(rid="other").distinct(), "rid")
    unmatched_rid = unmatched.select(unmatched_rid="rid")
    result = joined.left_join(unmatched_rid, joined.rid == unmatched_rid.unmatched_rid)
    names = ("number", *compared_columns(library), *name_columns(library))
    columns = {f"{c}_other": result[c] for c in names}
    return result.select(other=result.rid, grouped=result.unmatched_rid.isnull(), **columns)


def _compared(pairs: ir.Table, left: ir.Table, right: ir.Table, library: Library) -> ir.Table:
    """Per pair, which columns are equal, agree or differ, and what forbids it."""
    passes = library.identity.passes
    blocked = sorted({column for each in passes for column in each.block})
    agreed = sorted({column for each in passes for column in each.agree})
    unless = sorted({column for each in passes for column in each.unless})
    distinguishing = evidence_of(library).distinguishing
    joined = pairs.inner_join(left, "rid").inner_join(right, "other")
    sides = Sides(keys_of(joined), keys_of(joined, "_other"), library)
    forbids = evidence_of(library).forbids
    result: dict[str, ir.Value] = {
        "forbidden": forbidden_by_identifier(joined, library),
        "forbidden_by_name": forbids(sides, True) | shared_name_fails(joined, sides, library),
        "forbidden_by_number": forbids(sides, False),
        "same_part": same_distinctive_part(joined, library),
        "crowded": in_one_crowd(joined, library),
    }
    result |= {f"equal_{column}": sides.equal(column) for column in blocked}
    result |= {f"agree_{column}": sides.agree(column) for column in {*agreed, *distinguishing}}
    result |= {f"differ_{column}": sides.differ(column) for column in {*unless, *distinguishing}}
    return joined.select("rid", "other", "grouped", **result)


def forbidden_by_identifier(joined: ir.Table, library: Library) -> ir.BooleanValue:
    """Cannot-link: the group that the record was excluded from, or two conflicting identifiers."""
    mine, its = joined[library.identity.strong], joined[f"{library.identity.strong}_other"]
    its_holder = (mine == its) & joined.number_other.isnull()
    two_numbers = (mine != its) & joined.number.notnull() & joined.number_other.notnull()
    return its_holder.fill_null(False) | two_numbers.fill_null(False)


def _distinguishing(compared: ir.Table, library: Library) -> dict[str, ir.BooleanValue]:
    """The columns of ``candidate_pairs`` by which ambiguous groups are found."""
    distinguishing = evidence_of(library).distinguishing
    if not distinguishing:
        return _no_distinguishing(library)
    result = {
        "same_name": compared[f"equal_{_name_column(library)}"] | compared.same_part,
        "cannot_link": compared.forbidden
        | compared.forbidden_by_name
        | compared.forbidden_by_number,
    }
    result |= {agreed(column): compared[f"agree_{column}"] for column in distinguishing}
    return result | {differed(column): compared[f"differ_{column}"] for column in distinguishing}


def _no_distinguishing(library: Library) -> dict[str, ir.BooleanValue]:
    distinguishing = evidence_of(library).distinguishing
    names = [
        "same_name",
        "cannot_link",
        *map(agreed, distinguishing),
        *map(differed, distinguishing),
    ]
    return {name: ibis.literal(False) for name in names}


def agreed(column: str) -> str:
    """Column of ``candidate_pairs``: the two agree in a distinguishing column."""
    return f"agreed_{column}"


def differed(column: str) -> str:
    """Column of ``candidate_pairs``: the two differ in a distinguishing column."""
    return f"differed_{column}"


def _score(compared: ir.Table, library: Library) -> ir.IntegerValue:
    passes = library.identity.passes
    agreed = sorted({column for each in passes for column in each.agree})
    doubtful = doubtful_rules(library)  # these ask: scores weigh what they rest on
    places = [
        (_holds(compared, each, library), place)
        for place, each in enumerate(passes)
        if each.claim not in doubtful
    ]
    zero: ir.IntegerValue = ibis.literal(0, "int64")
    agreeing = sum((compared[f"agree_{c}"].cast("int64") for c in agreed), start=zero)
    place = ibis.cases(*places, else_=None) if places else ibis.null("int64")
    place = place.cast("int64")
    return place * _RANK + (_RANK - 1) - agreeing


def _holds(compared: ir.Table, each: Pass, library: Library) -> ir.BooleanValue:
    by_name = is_by_name(each, library)
    against = compared["forbidden_by_name" if by_name else "forbidden_by_number"]
    return ibis.and_(
        *(compared[f"equal_{column}"] for column in each.block),
        *(compared[f"agree_{column}"] for column in each.agree),
        *(~compared[f"differ_{column}"] for column in each.unless),
        *([compared.grouped] if each.unless else []),
        *([~compared.crowded] if _rests_on_a_place(each, library) else []),
        ~against,
        ~compared.forbidden,
    )


def _rests_on_a_place(each: Pass, library: Library) -> bool:
    """Whether a rule counts an address for what only a house proves: it asks for less than the
    name and the whole birth date beside it.
    """
    evidence = evidence_of(library)
    if not evidence.place or evidence.place not in (*each.block, *each.agree):
        return False
    return not {*evidence.identifying} <= {*each.block}


def is_by_name(each: Pass, library: Library) -> bool:
    """Whether a rule blocks on a name, which others may bear, too."""
    return any(column in each.block for column in evidence_of(library).identifying)


def _excluded_rank(compared: ir.Table, library: Library) -> ir.IntegerValue:
    """The rank of the first rule that a difference excludes.

    A rule that demands the absence of differences is only as good as what is known: a record that
    agrees with one record of a group because that one says little must not differ from another that
    says more. For the same reason such rules link only to records with an accepted identifier.
    """
    ruled_out = [
        (ibis.or_(*(compared[f"differ_{column}"] for column in each.unless)), place)
        for place, each in enumerate(library.identity.passes)
        if each.unless
    ]
    return ibis.cases(*ruled_out, else_=None).cast("int64") if ruled_out else ibis.null("int64")


def _same_conflicting_number(left: ir.Table, library: Library) -> ir.Table:
    """Pairs excluded from one identifier's group under one name: two people bear that number."""
    name = _name_column(library)
    conflicting = left.filter(left.number.notnull())
    ours = conflicting.select("rid", "number", key=conflicting[name])
    theirs = conflicting.select(
        other=conflicting.rid, its_number=conflicting.number, its_key=conflicting[name]
    )
    joined = ours.inner_join(theirs, [ours.number == theirs.its_number, ours.key == theirs.its_key])
    score = ibis.literal(len(library.identity.passes) * _RANK + _RANK - 1, "int64")
    result = joined.filter(joined.rid != joined.other)
    return result.select(
        "rid", "other", score=score, excluded_rank=ibis.null("int64"), **_no_distinguishing(library)
    )
