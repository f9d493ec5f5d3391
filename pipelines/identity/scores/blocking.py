"""Blocking rules for scoring: which records an unmatched record is compared with.

Two records become a candidate pair if they share all values of one blocking rule.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.identity.rules.candidate_pairs import ComparableRecords, pairs_in_block
from pipelines.identity.tables.temp_tables import TempTables

# Weak evidence, so a block is only as large as a big family or a dormitory: a value that more
# records share says little about each, and pairs grow with the square of it.
LARGEST_BLOCK = 60

_Key = Callable[[ir.Table], Sequence[ir.Value]]


def _columns(*names: str) -> _Key:
    return lambda rows: [rows[name] for name in names]


# A number with one wrong digit has one of these three parts unharmed, wherever the digit is.
_PARTS_OF_A_NUMBER: Sequence[_Key] = (
    lambda t: [t.some_number.left(14)],
    lambda t: [t.some_number.left(6), t.some_number.right(4)],
    lambda t: [t.some_number.right(8)],
)
_BLOCKING_RULES: Mapping[str, Sequence[_Key]] = {
    "person": (
        _columns("person_name", "birth_date"),
        _columns("person_name", "mobile"),
        _columns("person_name", "residence_address"),
        _columns("person_name", "employer_name"),
        _columns("person_name"),
        _columns("mobile"),
        _columns("birth_date", "residence_address"),
        lambda t: [t.birth_date, t.person_name.left(1)],
        lambda t: [t.birth_date, t.person_name.right(2)],
        lambda t: [t.birth_date, t.employer_name],
        *_PARTS_OF_A_NUMBER,
    ),
    "legal_entity": (
        _columns("organization_name"),
        _columns("plain_name"),
        lambda t: [ibis.coalesce(t.former_name, t.plain_name)],
        _columns("organization_code"),
        _columns("registration_number"),
        _columns("organization_name_brand", "region_code"),
        _columns("organization_name_brand", "legal_representative_name"),
        _columns("legal_representative_name", "registered_address"),
        _columns("legal_representative_name", "establishment_date"),
        _columns("legal_representative_name", "phone"),
        _columns("registered_address", "establishment_date"),
        _columns("phone"),
        *_PARTS_OF_A_NUMBER,
    ),
}


def blocked_pairs(
    unmatched: ir.Table, everybody: ComparableRecords, entity: str, temp: TempTables
) -> ir.Table:
    """Candidate pairs: those that share the values of a blocking rule, in blocks of at most 60.

    Args:
        unmatched: ``rid`` of the records to compare.
        everybody: ``records_for_scoring``.
        entity: Whose blocking rules.
        temp: Where intermediate tables are materialised.

    Returns:
        ``rid`` (unmatched) and ``other``.
    """
    selected = temp.materialise(everybody.semi_join(unmatched, "rid"))
    pairs = []
    for parts in _BLOCKING_RULES[entity]:

        def keyed(rows: ir.Table, parts: _Key = parts) -> ir.Table:
            return rows.select("rid", **{f"part_{n}": part for n, part in enumerate(parts(rows))})

        mine = keyed(selected)
        key = mine.drop("rid").columns
        pairs.append(pairs_in_block(mine, everybody.each(keyed), key, LARGEST_BLOCK, temp))
    return temp.materialise(reduce(lambda a, b: a.union(b, distinct=True), pairs))
