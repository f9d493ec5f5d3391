"""What ties records together before anybody looks closer: an index of hashed blocks.

Two records can come to influence each other only if they share a block: a strong identifier, the
columns that say who somebody is, or the block of a matching pass. The index holds the hash of each
block of each record, and of all that a resolution reads of it; it is what an increment finds the
neighbourhood of a changed record by, without computing anything for the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.libraries import Library
from pipelines.resolve.pairs import LARGEST_BLOCK
from pipelines.resolve.workset import CONTENT, evidence_of, implied_columns


@dataclass(frozen=True)
class Block:
    """One kind of block: the columns that must be equal, and what it is used for.

    ``limit``: it makes pairs only up to so many records; None where it makes them always.
    """

    columns: Sequence[str]
    limit: int | None = None
    is_identifier: bool = False
    is_person: bool = False

    @property
    def name(self) -> str:
        """Of the index's column."""
        return "same_" + "_and_".join(self.columns)

    def variants(self, library: Library) -> Sequence[str]:
        """Columns of the index that hold this block: as known, and as the record itself states."""
        implied = set(implied_columns(library)) & set(self.columns)
        return (self.name, f"stated_{self.name}") if implied else (self.name,)


def blocks_of(library: Library) -> Sequence[Block]:
    """Every kind of block by which a resolution of this library brings records together."""
    strong, person = (library.identity.strong,), tuple(evidence_of(library).person)
    passes = dict.fromkeys(tuple(each.block) for each in library.identity.passes)
    kinds = [Block(strong, is_identifier=True)]
    kinds += [Block(person, is_person=True)] if person else []
    kinds += [
        Block(columns, LARGEST_BLOCK) for columns in passes if columns not in (strong, person)
    ]
    return kinds


def identifier_block(library: Library) -> Block:
    """The block of those who share a strong identifier."""
    [block] = (each for each in blocks_of(library) if each.is_identifier)
    return block


def person_block(library: Library) -> Block | None:
    """The block of those who say to be the same person; None where records say no such thing."""
    return next((each for each in blocks_of(library) if each.is_person), None)


def node_of(table: ir.Table, source: str = "source", key: str = "source_key") -> ir.IntegerValue:
    """A record's name as a number."""
    return ibis.array([table[source], table[key]]).hash()


def block_index(work: ir.Table, library: Library, standing: ir.Table | None) -> ir.Table:
    """``rid, source, source_key, node, content, may_move``, the hash of each block (or NULL).

    Args:
        work: ``working_set``, indexed, of all records or some.
        library: Its passes and evidence.
        standing: ``rid`` of the records whose identifier is believed: they do not move.
    """
    told: dict[str, ir.Value] = {}
    for block in blocks_of(library):
        for variant in block.variants(library):
            told[variant] = _hash(work, block, library, stated=variant != block.name)
    keys = work.select("rid", "source", "source_key", CONTENT, node=node_of(work), **told)
    if standing is None:
        return keys.mutate(may_move=ibis.literal(True))
    stands = standing.select("rid", stands=ibis.literal(True))
    met = keys.left_join(stands, "rid")
    return met.mutate(may_move=met.stands.isnull()).drop("rid_right", "stands")


def _hash(work: ir.Table, block: Block, library: Library, *, stated: bool) -> ir.IntegerValue:
    own = set(implied_columns(library)) if stated else set()
    values = [work[f"stated_{c}" if c in own else c] for c in block.columns]
    known = ibis.and_(*(value.notnull() for value in values))
    key = ibis.array([ibis.literal(block.name), *values]).hash()
    return ibis.ifelse(known, key, ibis.null("int64"))
