"""The world ``villages``: half of the people live in villages of one surname.

Its truth in words. **Villages**: of some 350 people, three in four of whose families have the
village's surname; a third of their men have the character of their generation (字辈) in the middle
of the name, so that whole groups are nearly namesakes. One village in eight is of a minority with
transliterated names (a given name, a dot, the father's), of which there are few. **Places**: a
village has three to nine groups (组) of some 50 people; six houses in ten have a number, the others
end at the group. **Towns**: the other half, as in ``city``. Households, birth dates, numbers,
telephones (two in five adults have changed theirs, one in seven of the old ones is somebody else's
by now) and removals are those of ``people.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.identity.world.codepoints import Bools, Ints, Texts, join, to_matrix
from benchmarks.identity.world.people import NAME_WIDTH, REGIONS, People, make_people
from benchmarks.identity.world.words import words

_WORDS = Path(__file__).with_name("villages.yml")
_RURAL = np.array([0.25, 0.4, 0.4, 0.5, 0.75, 0.75, 0.8])  # of the households of each county
_VILLAGERS = 350
_MINORITY = 8  # one village in so many
_CLAN = 0.75  # of a village's families
_GENERATION = 0.35  # of the men of the clan
_NUMBERED_HOUSES = 0.6
_SURNAMES = 14  # the commonest, after which villages are called
_TOWN = -1


@cache
def _document() -> Mapping[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return found


def village_words(name: str) -> Sequence[str]:
    """A list of ``villages.yml``."""
    return [str(word) for word in _document()[name]]


def titles(sex: str) -> Sequence[str]:
    """What stands behind a surname: 先生, 姐."""
    return [str(word) for word in _document()["titles"][sex]]


@dataclass(frozen=True)
class Villages:
    """The people, and where each home is.

    ``village``: per home, or -1 for one in town; ``group`` from 1; ``house``, 0 for none.
    ``name`` and ``town``: of each village.
    """

    people: People
    village: Ints
    group: Ints
    house: Ints
    name: Texts
    town: Texts

    @property
    def rural(self) -> Bools:
        """Per person, whether he lives in a village."""
        return np.asarray(self.village[self.people.home] >= 0)


def make_villages(persons: int, seed: int) -> Villages:
    """So many persons; the same for the same arguments."""
    people = make_people(persons, seed)
    rng = np.random.default_rng([seed, 71])
    villages = max(len(REGIONS), round(persons / 2 / _VILLAGERS))
    region = np.arange(villages) % len(REGIONS)
    clan = rng.integers(0, _SURNAMES, villages)
    minority = (np.arange(villages) % _MINORITY) == _MINORITY - 1
    homes = _homes(people, region, rng)
    here = homes[people.home]
    _call_clans(people, here, clan, minority, rng)
    _call_minorities(people, (here >= 0) & minority[here], rng)
    groups = rng.integers(3, 10, villages)
    group = 1 + rng.integers(0, 2**31, len(homes)) % groups[homes]
    house = np.where(rng.random(len(homes)) < _NUMBERED_HOUSES, rng.integers(1, 160, len(homes)), 0)
    towns = np.array(village_words("towns"))
    name = _village_names(clan, villages, rng)
    return Villages(people, homes, group, house, name, towns[rng.integers(0, len(towns), villages)])


def _homes(people: People, region: Ints, rng: np.random.Generator) -> Ints:
    """The village of each home, now and before, or -1; those of a county are in its villages."""
    count = int(people.household[-1]) + 1
    county = np.zeros(count, dtype=np.int64)
    county[people.household] = people.region
    county = np.concatenate([county, county])
    per_county = np.bincount(region, minlength=len(REGIONS))[county]
    some = rng.integers(0, 2**31, 2 * count) % per_county
    return np.where(rng.random(2 * count) < _RURAL[county], some * len(REGIONS) + county, _TOWN)


def _call_clans(
    people: People, village: Ints, clan: Ints, minority: Bools, rng: np.random.Generator
) -> None:
    """Families of the village's surname: head, children, and who else had the head's."""
    surnames = np.array([ord(word) for word in words("surnames")[:_SURNAMES]], dtype=np.uint32)
    kept = people.traits["dotted_name"] | people.traits["long_name"] | people.traits["namesake"]
    kept |= np.isin(people.name[:, 1], [ord(c) for c in "阳官徒甫葛"])
    of_clan = (rng.random(int(people.household[-1]) + 1) < _CLAN)[people.household]
    first = np.searchsorted(people.household, people.household)
    head = people.name[first, 0]
    chosen = of_clan & (village >= 0) & ~minority[village] & ~kept
    chosen &= (people.name[:, 0] == head) & ~kept[first]
    old = people.name[:, 0].copy()
    people.name[chosen, 0] = surnames[clan[village[chosen]]]
    same = chosen & (people.former_name[:, 0] == old)
    people.former_name[same, 0] = people.name[same, 0]
    _of_a_generation(people, village, chosen, rng)


def _of_a_generation(
    people: People, village: Ints, chosen: Bools, rng: np.random.Generator
) -> None:
    """The middle character of a man's name is that of his generation in the village."""
    characters = np.array([ord(c) for c in str(_document()["generations"])], dtype=np.uint32)
    years = people.birth.astype("datetime64[Y]").astype(np.int64) + 1970
    whole = (people.name[:, 2] != 0) & (people.name[:, 3] == 0)
    free = ~people.traits["twin"] & ~people.traits["renamed"]
    men = chosen & people.male & whole & free & (rng.random(len(people)) < _GENERATION)
    generation = (village * 5 + years // 22) % len(characters)
    people.name[men, 1] = characters[generation[men]]
    people.former_name[men, 1] = people.name[men, 1]


def _call_minorities(people: People, rows: Bools, rng: np.random.Generator) -> None:
    """Names of a given name, a dot and the father's."""
    chosen = rows & ~people.traits["namesake"] & ~people.traits["twin"]
    count = int(chosen.sum())
    known = np.array(village_words("transliterated"))
    name = join(rng.choice(known, count), "·", rng.choice(known, count))
    people.name[chosen] = people.former_name[chosen] = to_matrix(name, NAME_WIDTH)
    people.ethnicity[chosen] = rng.choice([3, 5, 17], count, p=[0.1, 0.6, 0.3])
    people.traits["dotted_name"] |= chosen
    for trait in ("long_name", "renamed", "rare_character"):
        people.traits[trait] &= ~chosen


def _village_names(clan: Ints, villages: int, rng: np.random.Generator) -> Texts:
    """马家河沿村, 黄羊滩村: two villages may have one name in two towns."""
    surnames = np.array(words("surnames")[:_SURNAMES])[clan]
    places, ends = np.array(village_words("places")), np.array(village_words("ends"))
    some, end = rng.choice(places, villages), rng.choice(ends, villages)
    called = join(surnames, "家", end, "村")
    return np.where(rng.random(villages) < 0.5, called, join(some, end, "村"))
