"""What ties records together before anybody looks closer: an index of hashed blocks.

Two records can come to influence each other only if they share a block: a strong identifier, the
columns that say who somebody is, or the block of a matching pass. The index holds the hash of each
block of each record, and of all that a resolution reads of it; it is what an increment finds the
neighbourhood of a changed record by, without computing anything for the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.libraries import Library
from pipelines.resolve.hashed import block_key, node_of
from pipelines.resolve.nearby import LARGEST_BLOCK as LARGEST_NEARBY
from pipelines.resolve.nearby import nearby_name
from pipelines.resolve.pairs import LARGEST_BLOCK, block_name, own_word
from pipelines.resolve.workset import CONTENT, evidence_of, implied_columns

AS_KNOWN = 0  # in place of a hash: the record states what is known of it


@dataclass(frozen=True)
class Block:
    """One kind of block: the columns that must be equal, and what it is used for.

    ``limit``: it makes pairs only up to so many records; None where it makes them always. A block
    that brings groups near (``is_nearby``) is of records with a number, and its limit counts those.
    """

    columns: Sequence[str]
    limit: int | None = None
    is_identifier: bool = False
    is_person: bool = False
    is_nearby: bool = False

    @property
    def name(self) -> str:
        """Of the index's column."""
        return nearby_name(self.columns) if self.is_nearby else block_name(self.columns)

    def stated_name(self, library: Library) -> str | None:
        """Of the index's column for the block as the record itself states it, if that may differ.

        A birth date that only a number implies is none that the record states.
        """
        may_differ = set(implied_columns(library)) & set(self.columns)
        return f"stated_{self.name}" if may_differ and not self.is_nearby else None


def blocks_of(library: Library) -> Sequence[Block]:
    """Every kind of block by which a resolution of this library brings records together."""
    strong, person = (library.identity.strong,), tuple(evidence_of(library).person)
    passes = dict.fromkeys(tuple(each.block) for each in library.identity.passes)
    kinds = [Block(strong, is_identifier=True)]
    kinds += [Block(person, is_person=True)] if person else []
    kinds += [
        Block(columns, LARGEST_BLOCK) for columns in passes if columns not in (strong, person)
    ]
    nearby = evidence_of(library).nearby
    return kinds + [Block(columns, LARGEST_NEARBY, is_nearby=True) for columns in nearby]


def identifier_block(library: Library) -> Block:
    """The block of those who share a strong identifier."""
    [block] = (each for each in blocks_of(library) if each.is_identifier)
    return block


def person_block(library: Library) -> Block | None:
    """The block of those who say to be the same person; None where records say no such thing."""
    return next((each for each in blocks_of(library) if each.is_person), None)


def block_index(work: ir.Table, library: Library) -> Mapping[str, ir.Value]:
    """``node, content`` and the hash of each block (int64, or NULL): columns of ``work``.

    Args:
        work: ``working_set``, indexed, of all records or some.
        library: Its passes and evidence.
    """
    told: dict[str, ir.Value] = {"node": node_of(work), CONTENT: work[CONTENT]}
    for block in blocks_of(library):
        told[block.name] = known = _hash(work, block, library, stated=False)
        stated_name = block.stated_name(library)
        if stated_name:
            stated = _hash(work, block, library, stated=True)
            told[stated_name] = ibis.ifelse(stated.identical_to(known), AS_KNOWN, stated)
    return told


def block_as_stated(index: ir.Table, block: Block, library: Library) -> ir.IntegerValue:
    """The hash of a block of what the record itself states."""
    stated = block.stated_name(library)
    if stated is None:
        return index[block.name]
    return ibis.ifelse(index[stated] == AS_KNOWN, index[block.name], index[stated])


def _hash(work: ir.Table, block: Block, library: Library, *, stated: bool) -> ir.IntegerValue:
    values = {c: own_word(work, c, library) if stated else work[c] for c in block.columns}
    key = block_key(block.name, values)
    if block.is_nearby:
        numbered = work[library.identity.strong].notnull()
        key = ibis.ifelse(numbered, key, ibis.null("int64"))
    return key
