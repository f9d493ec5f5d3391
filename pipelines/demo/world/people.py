"""The people of the city: who they are, whom they live with, what has happened to them.

Everything is an array with one row per person; days count from 1970-01-01 (``int32``). Persons of
one household are neighbours in the arrays, the head first.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.demo.text import (
    Bools,
    Floats,
    Ints,
    choose,
    day_text,
    from_matrix,
    join,
    number,
    pick,
    rank_within,
    to_matrix,
)
from pipelines.demo.world import checks, names
from pipelines.demo.world.places import (
    COUNTY_CODES,
    ELSEWHERE_CODES,
    FORMER_CODES,
    SINCE,
    Places,
    make_places,
)
from pipelines.demo.world.today import today

MALE, FEMALE = 1, 2
YEAR = 365.2425

# Shares, not dirt: what a middling Chinese city looks like.
HOUSEHOLD_SIZES = (0.22, 0.30, 0.26, 0.13, 0.09)  # 1 to 5 persons
TWIN_SHARE = 0.02  # of second children
BORN_ELSEWHERE = 0.15
MOVED_SHARE = 0.02  # moved within the city in the last year
SHARED_MOBILE = 0.12  # of adults who give their head of household's number
NAMESAKE_SHARE = 0.002  # same name and same birth date, beside the namesakes that chance makes
RARE_NAME_SHARE = 0.004
PERMIT_SHARE = 0.002  # residents of Hong Kong, Macao and Taiwan with a residence permit
FOREIGN_SHARE = 0.0005  # foreigners with a permanent residence card of 18 digits
_MARRIAGES = 12 * 365  # days for which the register of marriages has been electronic
AGE_OF_MARRIAGE = (22, 20)  # 民法典 第一千零四十七条: men, women
NEWBORN_DAYS = 30  # births are to be registered within a month: the last ones are not there yet


def married_since() -> int:
    """The first day of the electronic register of marriages."""
    return today() - _MARRIAGES


@dataclass(frozen=True)
class People:
    """Arrays with one row per person; -1 means none."""

    name: pa.Array
    citizen_id: pa.Array
    male: Bools
    ethnicity: Ints
    birth: Ints
    death: Ints  # day of death, or -1
    marital: Ints  # GB/T 2261.2
    married_on: Ints  # day of the latest marriage, or -1
    spouse: Ints  # row of the spouse, or -1
    household: Ints  # row of ``homes``
    former_household: Ints  # home before the move, or -1
    moved_on: Ints  # day of the move, or -1
    mobile: Ints  # 0 means none
    local: Bools  # on the household register of the city
    homes: Places

    def __len__(self) -> int:
        return len(self.birth)

    def age(self) -> Ints:
        """Completed years on the day the city is seen on."""
        return ((today() - self.birth) / YEAR).astype(np.int32)

    def alive(self) -> Bools:
        """Not known to have died."""
        return self.death < 0


@dataclass(frozen=True)
class _Households:
    household: Ints
    position: Ints
    head: Ints  # row of the head of each person's household
    male: Bools
    birth: Ints
    child: Bools


def make_people(rng: np.random.Generator, persons: int) -> People:
    """Invent the people: households first, then numbers, names and events."""
    families = _households(rng, persons)
    ethnicity = _ethnicity(rng, families)
    family_homes = make_places(rng, int(families.household[-1]) + 1)
    permit, foreign = rng.random((2, persons)) < [[PERMIT_SHARE], [FOREIGN_SHARE]]
    local = ~permit & ~foreign & (rng.random(persons) > 0.05)
    birth, full_names = _namesakes(rng, families, _names(rng, families, ethnicity))
    death = _deaths(rng, birth)
    marital, married_on, spouse = _marriages(rng, families, birth, death)
    former, moved_on = _moves(rng, families, death)
    return People(
        name=full_names,
        citizen_id=_citizen_ids(rng, families, birth, family_homes, permit, foreign),
        male=families.male,
        ethnicity=ethnicity,
        birth=birth,
        death=death,
        marital=marital,
        married_on=married_on,
        spouse=spouse,
        household=families.household,
        former_household=former,
        moved_on=moved_on,
        mobile=_mobiles(rng, families, birth),
        local=local,
        homes=family_homes,
    )


def _households(rng: np.random.Generator, persons: int) -> _Households:
    sizes = 1 + rng.choice(len(HOUSEHOLD_SIZES), persons, p=HOUSEHOLD_SIZES)
    household = np.repeat(np.arange(persons, dtype=np.int32), sizes)[:persons]
    head = np.searchsorted(household, household).astype(np.int32)
    position = np.arange(persons) - head
    head_age = _within(rng, rng.normal(50, 15, persons), 22, 92)[head]
    male = rng.random(persons) < 0.51
    male[position == 0] = rng.random((position == 0).sum()) < 0.75
    male[position == 1] = ~male[head[position == 1]]
    older_parent = rng.uniform(22, 34, persons)
    child = (position >= 2) & (head_age - older_parent >= 0)
    age = np.select(
        [position == 0, position == 1, child],
        [
            head_age,
            _within(rng, head_age + rng.normal(0, 3, persons), 20, 95),
            head_age - older_parent,
        ],
        _within(rng, head_age + rng.uniform(20, 30, persons), 42, 99),
    )
    birth = (today() - age * YEAR).astype(np.int32)
    twin = (position == 3) & child & np.roll(child, 1) & (rng.random(persons) < TWIN_SHARE)
    birth[twin] = birth[np.flatnonzero(twin) - 1]
    return _Households(household, position, head, male, birth, child)


def _within(rng: np.random.Generator, ages: Floats, low: float, high: float) -> Floats:
    """Ages beyond the bounds are drawn anew: cut off, too many people were born on one day."""
    anew = rng.uniform(low, high, len(ages))
    return np.where((ages >= low) & (ages <= high), ages, anew)


def _ethnicity(rng: np.random.Generator, families: _Households) -> Ints:
    codes, shares = (
        np.array(list(names.ETHNIC_SHARES)),
        np.array(list(names.ETHNIC_SHARES.values())),
    )
    own = rng.choice(codes, len(families.head), p=shares / shares.sum())
    mixed = (families.position == 1) & (rng.random(len(own)) < 0.2)
    return np.where(mixed, own, own[families.head])


def _names(rng: np.random.Generator, families: _Households, ethnicity: Ints) -> pa.Array:
    """A child bears its father's surname; a spouse and the parents of the head have their own."""
    rows = len(families.head)
    own = rng.choice(len(names.SURNAMES), rows, p=names.SURNAME_SHARES)
    hui = (ethnicity == 3) & (rng.random(rows) < 0.35)
    own[hui] = names.SURNAMES.index("马")
    father = np.where(families.male[families.head], families.head, families.head + 1)
    surname = np.where(families.child, own[np.minimum(father, rows - 1)], own)
    years = (1970 + families.birth / YEAR).astype(np.int32)
    first, last = names.given_names(rng, families.male, names.generation(years))
    rare = rng.random(rows) < RARE_NAME_SHARE
    last = choose(rare, pick(list(names.RARE), rng.integers(0, len(names.RARE), rows)), last)
    han = join(pick(names.SURNAMES, surname), first, last)
    return choose(np.isin(ethnicity, [2, 4, 5, 7]), names.minority_names(rng, ethnicity), han)


def _namesakes(
    rng: np.random.Generator, families: _Households, full_names: pa.Array
) -> tuple[Ints, pa.Array]:
    """Give some heads of household the name and birth date of another head of the same sex."""
    heads = np.flatnonzero(families.position == 0)
    pairs = max(1, int(len(heads) * NAMESAKE_SHARE))
    chosen = rng.permutation(heads)[: 2 * pairs]
    one, other = chosen[: len(chosen) // 2], chosen[len(chosen) // 2 :][: len(chosen) // 2]
    same_sex = families.male[one] == families.male[other]
    one, other = one[same_sex], other[same_sex]
    birth, source = families.birth.copy(), np.arange(len(families.birth))
    birth[other], source[other] = birth[one], one
    return birth, full_names.take(pa.array(source))


def _deaths(rng: np.random.Generator, birth: Ints) -> Ints:
    """Some died in the last three years, the older the likelier (Gompertz, 11 % a year at 85)."""
    age = (today() - birth) / YEAR
    died = rng.random(len(birth)) < np.minimum(3 * 0.11 * np.exp((age - 85) * 0.095), 0.9)
    died &= age > 3
    return np.where(died, today() - rng.integers(1, 3 * 365, len(birth)), -1).astype(np.int32)


def _marriages(
    rng: np.random.Generator, families: _Households, birth: Ints, death: Ints
) -> tuple[Ints, Ints, Ints]:
    """Head and second person are a couple; singles are unmarried, widowed or divorced by age."""
    rows = len(birth)
    second = np.flatnonzero(families.position == 1)
    spouse = np.full(rows, -1, np.int32)
    spouse[second], spouse[second - 1] = second - 1, second
    age = (today() - birth) / YEAR
    chance = rng.random(rows)
    single = np.where(
        (age > 60) & (chance < 0.5), 30, np.where((age > 30) & (chance < 0.3), 40, 10)
    )
    code = rng.choice([20, 21, 22], rows, p=[0.7, 0.25, 0.05])
    younger = np.maximum(birth, np.where(spouse >= 0, birth[spouse], birth))
    last = np.where(death >= 0, death, today()) - 2
    last = np.minimum(last, np.where(spouse >= 0, last[spouse], last))
    wedding = np.minimum(younger + (22 + rng.exponential(4, rows)) * YEAR, last).astype(np.int32)
    wedding = wedding[np.where(families.position == 1, families.head, np.arange(rows))]
    of_age = birth + (np.where(families.male, *AGE_OF_MARRIAGE) * YEAR).astype(np.int64) + 1
    both_of_age = np.maximum(of_age, np.where(spouse >= 0, of_age[spouse], of_age))
    spouse = np.where(wedding >= both_of_age, spouse, -1)  # too young: they only live together
    married = spouse >= 0
    widowed = married & (death[spouse] >= 0) | (families.position >= 2) & ~families.child
    marital = np.where(widowed, 30, np.where(married, code, single))
    return marital, np.where(married, wedding, -1), spouse


def _moves(rng: np.random.Generator, families: _Households, death: Ints) -> tuple[Ints, Ints]:
    """Whole households move; what they leave becomes the former address of all their members."""
    rows, count = len(death), int(families.household[-1]) + 1
    moved = (rng.random(count) < MOVED_SHARE)[families.household] & (death < 0)
    left = rng.integers(0, count, count)[families.household]
    day = (today() - rng.integers(1, 365, count))[families.household]
    return np.where(moved, left, -1), np.where(moved, day, -1).astype(np.int32).reshape(rows)


def _mobiles(rng: np.random.Generator, families: _Households, birth: Ints) -> Ints:
    """Eleven digits with the prefixes 142, 143 and 154, which no operator gives to the public."""
    rows = len(birth)
    subscriber = (np.arange(rows, dtype=np.int64) * 48271 + 12345) % 10**8  # each number once
    own = rng.choice([142, 143, 154], rows) * 10**8 + subscriber
    age = (today() - birth) / YEAR
    shares = (age < 14) | (rng.random(rows) < SHARED_MOBILE)
    return np.where(shares, own[families.head], own)


def _citizen_ids(
    rng: np.random.Generator,
    families: _Households,
    birth: Ints,
    homes: Places,
    permit: Bools,
    foreign: Bools,
) -> pa.Array:
    """Valid numbers, unique in the city.

    Sequences run down from 995: an office gives out the low ones first, so that real numbers of
    these counties are hardly ever met, and 996 to 999 once stood for centenarians.
    """
    rows = len(birth)
    county = homes.county[families.household]
    years = day_text(birth, "%Y").cast(pa.int32()).to_numpy()
    here = np.where(years < SINCE[county], FORMER_CODES[county], COUNTY_CODES[county])
    elsewhere = rng.choice(ELSEWHERE_CODES, rows)
    region = np.where(rng.random(rows) < BORN_ELSEWHERE, elsewhere, here)
    region = np.where(permit, rng.choice([810000, 820000, 830000], rows), region)
    # 9, province of issue, country by ISO 3166-1 number
    abroad = 900000 + 13000 + rng.choice([392, 410, 643, 840, 826, 276], rows)
    region = np.where(foreign, abroad, region)
    rank = rank_within(region, birth, families.male.astype(np.int8))
    sequence = np.where(families.male, 995, 994) - 2 * rank
    first17 = to_matrix(join(number(region, 6), day_text(birth), number(sequence, 3)), 17)
    return from_matrix(np.column_stack([first17, checks.citizen_id_check(first17)]))
