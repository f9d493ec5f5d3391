"""Addresses of a city that does not exist, and the ways in which they are written."""

from dataclasses import dataclass

import numpy as np

from benchmarks.identity.world.codepoints import Bools, Ints, Texts, join, number, where
from benchmarks.identity.world.words import pairs, words

_CITY = "鲁东省东江市"


@dataclass(frozen=True)
class Homes:
    """One place per home."""

    region: Ints
    rural: Bools
    road: Ints
    house: Ints
    estate: Ints
    building: Ints
    unit: Ints
    room: Ints

    def written(self, homes: Ints, bare: Bools, short: Bools) -> Texts:
        """The addresses of these homes, from the street on or with short forms where asked."""
        roads, estates = np.array(words("roads")), np.array(words("estates"))
        villages = np.array(words("villages"))
        county = np.array(pairs("counties"))[self.region[homes]]
        house, building = number(self.house[homes]), number(self.building[homes])
        unit, room = number(self.unit[homes]), number(self.room[homes])
        flat = where(
            short,
            join(building, "-", unit, "-", room),
            join(building, "号楼", unit, "单元", room, "室"),
        )
        town = join(
            roads[self.road[homes]], "路", house, "号", estates[self.estate[homes]], "小区", flat
        )
        village = join(
            villages[self.road[homes] % len(villages)], "村", building, "组", house, "号"
        )
        prefix = where(bare, "", join(_CITY, county))
        return join(prefix, where(self.rural[homes], village, town))


def make_homes(region: Ints, seed: int) -> Homes:
    """As many homes as there are regions given."""
    rng = np.random.default_rng([seed, 2])
    n = len(region)
    return Homes(
        region=region,
        rural=rng.random(n) < np.where(region >= 4, 0.6, 0.2),
        road=rng.integers(0, len(words("roads")), n),
        house=rng.integers(1, 300, n),
        estate=rng.integers(0, len(words("estates")), n),
        building=rng.integers(1, 25, n),
        unit=rng.integers(1, 5, n),
        room=rng.integers(1, 19, n) * 100 + rng.integers(1, 5, n),
    )
