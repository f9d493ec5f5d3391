"""Blocking rules for scoring: which records an unmatched record is compared with.

Two records become a candidate pair if they share all values of one blocking rule.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.identity.rules.candidate_pairs import ComparableRecords, pairs_in_block
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library

# Weak evidence, so a block is only as large as a big family or a dormitory: a value that more
# records share says little about each, and pairs grow with the square of it.
LARGEST_BLOCK = 60

_Key = Callable[[ir.Table], Sequence[ir.Value]]


# A number with one wrong digit has one of these three parts unharmed, wherever the digit is.
_PARTS_OF_A_NUMBER: Sequence[_Key] = (
    lambda t: [t.some_number.left(14)],
    lambda t: [t.some_number.left(6), t.some_number.right(4)],
    lambda t: [t.some_number.right(8)],
)
# Those that a library may name, besides lists of its own columns (``identity.scores``).
BLOCKING_RULES: Mapping[str, Sequence[_Key]] = {
    "birth_date_and_surname": (lambda t: [t.birth_date, t.person_name.left(1)],),
    "birth_date_and_given_name": (lambda t: [t.birth_date, t.person_name.right(2)],),
    "plain_name": (lambda t: [t.plain_name],),
    "former_name": (lambda t: [ibis.coalesce(t.former_name, t.plain_name)],),
    "part_of_number": _PARTS_OF_A_NUMBER,
}


def _columns(names: Sequence[str]) -> _Key:
    return lambda rows: [rows[name] for name in names]


def _keys_of(library: Library) -> Iterator[_Key]:
    """The blocking rules that the library declares, in its order."""
    for rule in library.identity.scores.blocking:
        yield from BLOCKING_RULES[rule] if isinstance(rule, str) else (_columns(rule),)


def blocked_pairs(
    unmatched: ir.Table, everybody: ComparableRecords, library: Library, temp: TempTables
) -> ir.Table:
    """Candidate pairs: those that share the values of a blocking rule, in blocks of at most 60.

    Args:
        unmatched: ``rid`` of the records to compare.
        everybody: ``records_for_scoring``.
        library: Whose blocking rules.
        temp: Where intermediate tables are materialised.

    Returns:
        ``rid`` (unmatched) and ``other``.
    """
    selected = temp.materialise(everybody.semi_join(unmatched, "rid"))
    pairs = []
    for parts in _keys_of(library):

        def keyed(rows: ir.Table, parts: _Key = parts) -> ir.Table:
            return rows.select("rid", **{f"part_{n}": part for n, part in enumerate(parts(rows))})

        mine = keyed(selected)
        key = mine.drop("rid").columns
        pairs.append(pairs_in_block(mine, everybody.each(keyed), key, LARGEST_BLOCK, temp))
    return temp.materialise(reduce(lambda a, b: a.union(b, distinct=True), pairs))
