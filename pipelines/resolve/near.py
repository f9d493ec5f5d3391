"""Whom a record that found no group is compared with: the blocks of the score.

Each block is one hash per record, of the values that two must share to be compared. A run over
everything computes them as it goes; an increment reads them in the index that the last run left.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.libraries import Library
from pipelines.resolve.blocks import Block, block_as_stated, blocks_of
from pipelines.resolve.hashed import hash_of
from pipelines.resolve.pairs import Believed, meet
from pipelines.resolve.workspace import Workspace

# Weak evidence, so a block is only as large as a big family or a dormitory: what more share says
# little about each, and pairs grow with the square of it.
LARGEST_BLOCK = 60

_Key = Callable[[ir.Table], Sequence[ir.Value]]


@dataclass(frozen=True)
class _Columns:
    """A block whose values are columns as they are."""

    names: Sequence[str]

    def __call__(self, rows: ir.Table) -> Sequence[ir.Value]:
        return [rows[name] for name in self.names]


def _columns(*names: str) -> _Columns:
    return _Columns(names)


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


def near_hashes(rows: ir.Table, library: Library) -> Mapping[str, ir.IntegerValue]:
    """The hash of each block that is none of the rules' (int64), NULL where a value is unknown.

    Args:
        rows: Records as the score sees them (``candidates.everybody_of``).
        library: Whose blocks.
    """
    return {
        name: _hashed(parts(rows))
        for name, parts in _named(library.entity).items()
        if _rule_block(parts, library) is None
    }


def _named(entity: str) -> Mapping[str, _Key]:
    return {f"near_{place}": parts for place, parts in enumerate(_BLOCKS[entity])}


def _rule_block(parts: _Key, library: Library) -> Block | None:
    """The block of the rules that has the same columns, for any record."""
    if not isinstance(parts, _Columns):
        return None
    blocks = (each for each in blocks_of(library) if not each.is_nearby)
    return next((each for each in blocks if each.columns == parts.names), None)


def _seen_by_score(index: ir.Table, library: Library) -> ir.Table:
    """``rid`` (the node) and all blocks; of a record whose number is disputed, its own words."""
    told: dict[str, ir.Value] = {}
    for name, parts in _named(library.entity).items():
        block = _rule_block(parts, library)
        if block is None:
            told[name] = index[name]
        else:
            own = block_as_stated(index, block, library)
            told[name] = ibis.ifelse(index.dispute.notnull(), own, index[block.name])
    return index.select(rid=index.node, **told)


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
    return space.hold(_all(met))


def near_pairs_of_index(index: ir.Table, library: Library, space: Workspace) -> ir.Table:
    """As ``near_pairs``, of all who wait, by what an index has kept (``standing_index``).

    Returns:
        ``rid`` (that waits) and ``other``, both nodes.
    """
    everybody = _seen_by_score(index, library)
    asking = space.hold(everybody.semi_join(waiting_in(index), "rid"))
    names = _named(library.entity)
    return space.hold(_all([meet(asking, everybody, [n], LARGEST_BLOCK, space) for n in names]))


def waiting_in(index: ir.Table) -> ir.Table:
    """``rid``: nodes of the records in whose cluster no number is believed."""
    return index.filter(index.holder.isnull()).select(rid="node")


def _all(met: Sequence[ir.Table]) -> ir.Table:
    return reduce(lambda a, b: a.union(b, distinct=True), met)


def _hashed(parts: Sequence[ir.Value]) -> ir.IntegerValue:
    return hash_of({f"part_{n}": part for n, part in enumerate(parts)})
