"""The true population: households, names, birth dates, numbers, homes and telephones.

Arrays of equal length, one place per person. What is planted here is a trait of a person (a twin, a
former name); what departments make of it is in ``person_files.py``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.identity.world.codepoints import Bools, Ints, Matrix, Texts, join, to_matrix
from benchmarks.identity.world.numbers_of_people import TODAY, reissue, unique_numbers
from benchmarks.identity.world.rates import (
    CHANGED_MOBILE,
    FORMER_TENANTS,
    PERSON_TRAITS,
    RECYCLED_MOBILE,
)
from benchmarks.identity.world.words import (
    all_given_characters,
    characters,
    given_characters,
    words,
    zipf,
)

NAME_WIDTH = 20
# Borrowed from GB/T 2260 for their history (two counties became districts in 2013, one district was
# merged into another); everything else about these places is invented.
REGIONS = np.array([370811, 370812, 370881, 370883, 370826, 370829, 370832])
FORMER_REGIONS = np.array([370802, 370882, 370881, 370883, 370826, 370829, 370832])
MERGED_IN = 2013
_REGION_SHARES = np.array([0.27, 0.16, 0.14, 0.15, 0.11, 0.10, 0.07])
# fmt: off
_ELSEWHERE = np.array([
    110108, 310115, 320105, 330108, 340103, 350203, 410105, 420111, 430102,
    440305, 450103, 500112, 510107, 520103, 530103, 610113, 620103, 650103,
])
# fmt: on
_SIZES = np.array([0.254, 0.297, 0.210, 0.132, 0.107])  # of households, census of 2020


@dataclass
class People:
    """The truth about everybody."""

    seed: int
    household: Ints
    male: Bools
    birth: NDArray[np.datetime64]
    region: Ints  # place in REGIONS of the county where he lives
    name: Matrix
    former_name: Matrix  # of those renamed; else the name
    number: Texts
    former_number: Texts  # of those re-issued; else the number
    former_birth: NDArray[np.datetime64]  # what was registered with the former number
    ethnicity: Ints
    home: Ints
    former_home: Ints
    mobile: Ints
    former_mobile: Ints
    household_mobile: Ints
    traits: dict[str, Bools]

    def __len__(self) -> int:
        return len(self.household)

    @property
    def age(self) -> Ints:
        """Full years, near enough."""
        return ((TODAY - self.birth).astype(np.int64) // 365.2425).astype(np.int64)


def make_people(persons: int, seed: int) -> People:
    """So many persons; the same for the same arguments."""
    rng = np.random.default_rng([seed, 1])
    household, place, size = _households(persons, rng)
    male, birth = _members(household, place, size, rng)
    n = len(household)
    region_of_household = rng.choice(len(REGIONS), household[-1] + 1, p=_REGION_SHARES)
    region = region_of_household[household]
    traits = {name: rng.random(n) < trait.share for name, trait in PERSON_TRAITS.items()}
    traits["moved"] = (rng.random(household[-1] + 1) < PERSON_TRAITS["moved"].share)[household]
    surname = _surnames(household, place, rng)
    twin_of = _twins(place, male, birth, surname, traits, rng)
    name = _names(surname, male, birth, traits, rng)
    _name_twins(name, twin_of, male, birth, rng)
    namesake_of = _namesakes(name, male, birth, traits, rng)
    home, former_home = _homes(household, traits, twin_of, rng)
    _rename(former := name.copy(), male, birth, traits, rng)
    origin = _origins(region, birth, traits, rng)
    half = (namesake_of >= 0) & (rng.random(n) < 0.5)
    for other, rows in ((namesake_of, half), (twin_of, twin_of >= 0)):  # of one county
        origin[rows] = origin[other[rows]]
    numbers = unique_numbers(origin, birth, male, twin_of, rng)
    former_numbers, former_birth = reissue(numbers, birth, male, origin, traits, rng)
    age = ((TODAY - birth).astype(np.int64) // 365.2425).astype(np.int64)
    mobile, former_mobile, of_household = _mobiles(household, place, age, rng)
    ethnicity = np.where(rng.random(n) < 0.05, rng.integers(2, 57, n), 1)
    ethnicity = np.where(traits["dotted_name"], rng.choice([5, 17, 29, 43], n), ethnicity)
    ethnicity = np.where(traits["long_name"], rng.choice([2, 4, 7], n), ethnicity)
    return People(
        seed, household, male, birth, region, name, former, numbers, former_numbers, former_birth,
        ethnicity, home, former_home, mobile, former_mobile, of_household, traits,
    )  # fmt: skip


def _households(persons: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Household, place in it, and its size, of each person."""
    sizes = rng.choice(np.arange(1, 6), persons, p=_SIZES)
    sizes = sizes[: np.searchsorted(np.cumsum(sizes), persons) + 1]
    household = np.repeat(np.arange(len(sizes)), sizes)[:persons]
    first = np.concatenate([[0], np.flatnonzero(np.diff(household)) + 1])
    place = np.arange(persons) - first[household]
    return household, place, sizes[household]


def _members(
    household: Ints, place: Ints, size: Ints, rng: np.random.Generator
) -> tuple[Bools, NDArray[np.datetime64]]:
    """Head, partner, child, second child or grandparent, grandparent."""
    n, count = len(household), household[-1] + 1
    family = size >= 3
    head_age = rng.uniform(20, 88, count)[household]
    head_age = np.where(family, 26 + (head_age - 20) * 0.45, head_age)
    head_male = (rng.random(count) < 0.6)[household]
    years = head_age.copy()
    years = np.where(place == 1, np.maximum(20, head_age + rng.normal(-1, 3, n)), years)
    grand = (place == 4) | ((place == 3) & (rng.random(count) < 0.4)[household])
    child = (place >= 2) & ~grand
    born_at = rng.uniform(20, 36, n)
    years = np.where(child, np.maximum(0.02, head_age - born_at), years)
    years = np.where(grand, np.minimum(99, head_age + rng.uniform(21, 33, n)), years)
    male = np.where(place == 0, head_male, np.where(place == 1, ~head_male, rng.random(n) < 0.52))
    days = (years * 365.2425).astype(np.int64) + rng.integers(0, 365, n)
    return male.astype(bool), TODAY - days.astype("timedelta64[D]")


def _surnames(household: Ints, place: Ints, rng: np.random.Generator) -> Ints:
    """The head's for the children, another for partner and half of the grandparents."""
    count, known = household[-1] + 1, words("surnames")
    chance = zipf(len(known), 7, 1.35)
    heads = rng.choice(len(known), count, p=chance)[household]
    own = rng.choice(len(known), len(household), p=chance)
    return np.where((place == 0) | (place >= 2), heads, own)


def _twins(
    place: Ints,
    male: Bools,
    birth: NDArray[np.datetime64],
    surname: Ints,
    traits: dict[str, Bools],
    rng: np.random.Generator,
) -> Ints:
    """Make some second children twins of the first, and some grown-ups of each other.

    Returns the other twin's place for the second of each pair, else -1.
    """
    n = len(place)
    twin_of = np.full(n, -1)
    wanted = int(PERSON_TRAITS["twin"].share * n / 4)  # pairs of children, and as many grown up
    age = (TODAY - birth).astype(np.int64) // 365
    second = np.flatnonzero((place == 3) & (age < 30))
    second = rng.permutation(second)[:wanted]
    twin_of[second] = second - 1
    grown = rng.permutation(np.flatnonzero((place == 0) & (age > 20)))[: 2 * wanted]
    half = len(grown) // 2
    twin_of[grown[half : 2 * half]] = grown[:half]
    later = np.flatnonzero(twin_of >= 0)
    birth[later] = birth[twin_of[later]]
    surname[later] = surname[twin_of[later]]
    alike = rng.random(len(later)) < 0.7
    male[later] = np.where(alike, male[twin_of[later]], ~male[twin_of[later]])
    traits["twin"] = np.zeros(n, dtype=bool)
    traits["twin"][later] = traits["twin"][twin_of[later]] = True
    return twin_of


def _names(
    surname: Ints,
    male: Bools,
    birth: NDArray[np.datetime64],
    traits: dict[str, Bools],
    rng: np.random.Generator,
) -> Matrix:
    surnames = to_matrix(words("surnames"), 2)
    name = np.zeros((len(surname), NAME_WIDTH), dtype=np.uint32)
    name[:, :2] = surnames[surname]
    width = (name != 0).sum(axis=1)
    given = _given(male, birth, rng)
    rows = np.arange(len(surname))
    name[rows, width] = given[:, 0]
    name[rows, width + 1] = given[:, 1]
    rare = np.array([ord(c) for c in characters("rare")], dtype=np.uint32)
    chosen = np.flatnonzero(traits["rare_character"] & (birth > np.datetime64("1985-01-01")))
    last = (name[chosen] != 0).sum(axis=1) - 1
    name[chosen, last] = rng.choice(rare, len(chosen))
    traits["rare_character"] = np.isin(np.arange(len(surname)), chosen)
    traits["long_name"] &= ~traits["dotted_name"]
    _foreign_names(name, traits, rng)
    return name


def _generation(birth: NDArray[np.datetime64]) -> Ints:
    years = birth.astype("datetime64[Y]").astype(np.int64) + 1970
    return np.digitize(years, [1960, 1985])


def _given(male: Bools, birth: NDArray[np.datetime64], rng: np.random.Generator) -> Matrix:
    """Two characters of the generation, one of all generations among them; or a single one."""
    n = len(male)
    given = np.zeros((n, 2), dtype=np.uint32)
    generation = _generation(birth)
    for sex, mask in (("male", male), ("female", ~male)):
        wide = np.array([ord(c) for c in all_given_characters(sex)], dtype=np.uint32)
        for g in range(3):
            here = np.flatnonzero(mask & (generation == g))
            common = np.array([ord(c) for c in given_characters(g, sex)], dtype=np.uint32)
            for column in range(2):
                often = rng.choice(common, len(here), p=zipf(len(common), 6, 0.8))
                any_ = rng.choice(wide, len(here))
                given[here, column] = np.where(rng.random(len(here)) < 0.55, often, any_)
            single = rng.random(len(here)) < (0.15, 0.35, 0.13)[g]
            given[here[single], 1] = 0
    return given


def _foreign_names(name: Matrix, traits: dict[str, Bools], rng: np.random.Generator) -> None:
    dotted = np.flatnonzero(traits["dotted_name"])
    known = np.array(words("transliterated"))
    own, fathers = rng.choice(known, len(dotted)), rng.choice(known, len(dotted))
    name[dotted] = to_matrix(join(own, "·", fathers), NAME_WIDTH)
    long = np.flatnonzero(traits["long_name"])
    name[long] = to_matrix(rng.choice(np.array(words("long_names")), len(long)), NAME_WIDTH)


def _name_twins(
    name: Matrix,
    twin_of: Ints,
    male: Bools,
    birth: NDArray[np.datetime64],
    rng: np.random.Generator,
) -> None:
    """The second twin: the surname, and often one character, of the first; never the same name."""
    later = np.flatnonzero(twin_of >= 0)
    first = name[twin_of[later]]
    plain = (first == ord("·")).sum(axis=1) == 0
    later, first = later[plain], first[plain]
    width = (first != 0).sum(axis=1)
    fresh = _given(male[later], birth[later], rng)
    rows = np.arange(len(later))
    second = first.copy()
    shares = rng.random(len(later)) < 0.6
    spot = np.where((width >= 3) & shares & (rng.random(len(later)) < 0.5), width - 2, width - 1)
    old = second[rows, spot]
    clash = fresh[:, 0] == old
    second[rows, spot] = np.where(clash, ord("双"), fresh[:, 0])
    name[later] = second


def _namesakes(
    name: Matrix,
    male: Bools,
    birth: NDArray[np.datetime64],
    traits: dict[str, Bools],
    rng: np.random.Generator,
) -> Ints:
    """Give some the name, sex and birthday of somebody else; returns whose, or -1."""
    n = len(male)
    free = ~traits["twin"] & ~traits["unregistered"]
    chosen = rng.permutation(np.flatnonzero(free))
    pairs = int(PERSON_TRAITS["namesake"].share * n / 2)
    one, other = chosen[:pairs], chosen[pairs : 2 * pairs]
    name[other], male[other], birth[other] = name[one], male[one], birth[one]
    for trait in ("dotted_name", "long_name", "rare_character"):
        traits[trait][other] = traits[trait][one]
    traits["namesake"] = np.zeros(n, dtype=bool)
    traits["namesake"][one] = traits["namesake"][other] = True
    namesake_of = np.full(n, -1)
    namesake_of[other] = one
    return namesake_of


def _homes(
    household: Ints, traits: dict[str, Bools], twin_of: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Where everybody lives and lived before; some of the old homes are others' now."""
    count = household[-1] + 1
    taken = rng.random(count) < FORMER_TENANTS
    before = np.where(taken, rng.integers(0, count, count), np.arange(count, 2 * count))
    home = household.copy()
    former = np.where(traits["moved"], before[household], home)
    apart = np.flatnonzero(twin_of >= 0)
    apart = apart[household[apart] != household[twin_of[apart]]]
    former[apart] = former[twin_of[apart]]  # grown-up twins come from one home
    traits["moved"][apart] = True
    return home, former


def _rename(
    former: Matrix,
    male: Bools,
    birth: NDArray[np.datetime64],
    traits: dict[str, Bools],
    rng: np.random.Generator,
) -> None:
    """Former names: another surname (children), or other given characters."""
    traits["renamed"] &= ~traits["dotted_name"] & ~traits["long_name"]
    chosen = np.flatnonzero(traits["renamed"])
    young = birth[chosen] > np.datetime64("2005-01-01")
    by_surname = chosen[young]
    known = np.array([ord(w) for w in words("surnames")[:60]], dtype=np.uint32)
    former[by_surname, 0] = rng.choice(known, len(by_surname))
    by_given = chosen[~young]
    given = _given(male[by_given], birth[by_given], rng)
    former[by_given, 1] = given[:, 0]
    former[by_given, 2:] = 0
    former[by_given, 2] = given[:, 1]


def _origins(
    region: Ints, birth: NDArray[np.datetime64], traits: dict[str, Bools], rng: np.random.Generator
) -> Ints:
    """First six digits of the number: the county of the first registration, as it was then."""
    n = len(region)
    county = np.where(rng.random(n) < 0.1, rng.choice(len(REGIONS), n, p=_REGION_SHARES), region)
    years = birth.astype("datetime64[Y]").astype(np.int64) + 1970
    old = years < MERGED_IN
    partly = (REGIONS[county] == 370811) & (
        rng.random(n) < 0.5
    )  # the district that took in another
    origin = np.where(old & ~partly, FORMER_REGIONS[county], REGIONS[county])
    from_afar = traits["newcomer"] | (rng.random(n) < 0.06)
    return np.where(from_afar, rng.choice(_ELSEWHERE, n), origin)


def _mobiles(
    household: Ints, place: Ints, age: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Now, before, and the head's: which children and many of the old give."""
    n = len(household)
    mobile = _mobile_number(np.arange(n))
    heads = np.flatnonzero(place == 0)[household]
    dependent = (age < 14) | ((age > 70) & (rng.random(n) < 0.35))
    mobile = np.where(dependent, mobile[heads], mobile)
    changed = ~dependent & (rng.random(n) < CHANGED_MOBILE)
    before = np.where(changed, _mobile_number(np.arange(n, 2 * n)), mobile)
    recycled = changed & (rng.random(n) < RECYCLED_MOBILE)
    before = np.where(recycled, mobile[rng.integers(0, n, n)], before)
    return mobile, before, mobile[heads]


def _mobile_number(places: Ints) -> Ints:
    """140 to 143: blocks for things that talk to each other, given to no person."""
    return 14_000_000_000 + (places * 7_368_787 + 12_345) % 40_000_000
