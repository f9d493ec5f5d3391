"""What was planted in a record, as bits of one integer, and how slips are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.identity.world.codepoints import Bools, Ints
from benchmarks.identity.world.rates import (
    FIRM_SLIPS,
    FIRM_TRAITS,
    PERSON_SLIPS,
    PERSON_TRAITS,
    Slip,
)

PERSON_TAGS: Sequence[str] = tuple(dict.fromkeys([*PERSON_TRAITS, *PERSON_SLIPS]))
FIRM_TAGS: Sequence[str] = tuple(dict.fromkeys([*FIRM_TRAITS, *FIRM_SLIPS]))
# Traits and slips that so many have that they explain nothing by themselves.
ORDINARY = frozenset({"moved", "newcomer", "bare_address", "half_width_brackets", "shop"})


def telling_bits(tags: Sequence[str]) -> int:
    """The bits that explain an error."""
    return sum(1 << bit for bit, tag in enumerate(tags) if tag not in ORDINARY)


@dataclass
class Slips:
    """Draws the slips of one department's records, and remembers which record has which."""

    rng: np.random.Generator
    department: int
    records: int
    rates: Mapping[str, Slip]
    tags: Sequence[str]
    bits: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.bits = np.zeros(self.records, dtype=np.int64)

    def mark(self, tag: str, where: Bools) -> Bools:
        """Note that these records have it."""
        self.bits[where] |= 1 << self.tags.index(tag)
        return where

    def unmark(self, tag: str, rows: Ints) -> None:
        """Take it back: these records had nothing that it could change."""
        self.bits[rows] &= ~(1 << self.tags.index(tag))

    def draw(self, tag: str, among: Bools | None = None) -> Bools:
        """The share of the records that the rates say, of those in ``among``."""
        share = self.rates[tag].shares[self.department]
        chosen = self.rng.random(self.records) < share
        chosen = chosen if among is None else chosen & among
        # A column that a department does not have explains no error of one of its records.
        return chosen if share == 1.0 else self.mark(tag, chosen)

    def draw_one(self, tags: Sequence[str], among: Mapping[str, Bools]) -> Mapping[str, Bools]:
        """At most one of several slips for each record."""
        luck = self.rng.random(self.records)
        found, floor = {}, 0.0
        for tag in tags:
            share = self.rates[tag].shares[self.department]
            chosen = (luck >= floor) & (luck < floor + share)
            found[tag] = self.mark(tag, chosen & among[tag] if tag in among else chosen)
            floor += share
        return found
