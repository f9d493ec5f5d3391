"""Whom a record that found no group is compared with: the blocks of the score.

Each block is the values that two records must share to be compared.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.identity.rules.candidate_pairs import Believed, meet
from pipelines.identity.tables.temp_tables import Workspace

# Weak evidence, so a block is only as large as a big family or a dormitory: what more share says
# little about each, and pairs grow with the square of it.
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
_BLOCKS: Mapping[str, Sequence[_Key]] = {
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


def near_pairs(waiting: ir.Table, everybody: Believed, entity: str, space: Workspace) -> ir.Table:
    """Pairs that share a block which is not too large.

    Args:
        waiting: ``rid`` of records that are to be compared.
        everybody: ``candidates.everybody_of``.
        entity: Whose blocks.
        space: Keeps the result.

    Returns:
        ``rid`` (that waits) and ``other``.
    """
    asking = space.hold(everybody.semi_join(waiting, "rid"))
    met = []
    for parts in _BLOCKS[entity]:

        def keyed(rows: ir.Table, parts: _Key = parts) -> ir.Table:
            return rows.select("rid", **{f"part_{n}": part for n, part in enumerate(parts(rows))})

        mine = keyed(asking)
        key = mine.drop("rid").columns
        met.append(meet(mine, everybody.each(keyed), key, LARGEST_BLOCK, space))
    return space.hold(reduce(lambda a, b: a.union(b, distinct=True), met))
