"""The legal entities and other organisations of the city, with the codes that they go by.

Arrays with one row per organisation; days count from 1970-01-01, -1 means none. Organs come first,
then institutions, associations, companies, their branches, and individual businesses last.

Codes are fictional: GB 11714 leaves PDY00001 to PDY99999 to its users. A city with more than 99,999
organisations goes on with PDY, a letter and four more signs, which is outside any range that has
been given out.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa

from pipelines.demo.text import (
    Ints,
    blank_unless,
    choose,
    from_matrix,
    join,
    number,
    pick,
    rank_within,
    to_matrix,
)
from pipelines.demo.world import checks, trades
from pipelines.demo.world.people import YEAR, People
from pipelines.demo.world.places import (
    CITY,
    CITY_CODE,
    COUNTIES,
    COUNTY_CODES,
    DEVELOPMENT_ZONE_CODE,
    Places,
    make_places,
)
from pipelines.demo.world.today import today

# Organisations per person, as in a city whose market is lively.
INSTITUTIONS, ASSOCIATIONS, COMPANIES, BRANCHES, BUSINESSES = 0.002, 0.003, 0.05, 0.004, 0.06
SISTER_SHARE = 0.25  # of companies whose legal representative also leads the one before
DEVELOPMENT_ZONE_SHARE = 0.03
RENAMED_SHARE = 0.06
CLOSED_SHARE, REVOKED_SHARE = 0.08, 0.03
_FIRST_OF_OCTOBER_2015 = 16709  # since then companies get one code and no registration number
_YEAR_2007 = 13514  # 15-digit registration numbers since then


class Kind(IntEnum):
    """What an organisation is."""

    ORGAN = 0
    INSTITUTION = 1
    ASSOCIATION = 2
    COMPANY = 3
    BRANCH = 4
    BUSINESS = 5


class Status(IntEnum):
    """GB/T 36104 and registration state, as far as the demo needs them."""

    OPEN = 1
    REVOKED = 2
    CLOSED = 4


@dataclass(frozen=True)
class Firms:
    """Arrays with one row per organisation."""

    kind: Ints
    name: pa.Array
    former_name: pa.Array  # "" if never renamed
    uscc: pa.Array
    organization_code: pa.Array
    registration_number: pa.Array  # "" if it never had one
    registrar: Ints  # region digits of its codes
    leader: Ints  # row of ``People``: legal representative or person in charge
    capital: Ints  # in 万元; 0 means none
    founded: Ints
    approved: Ints
    closed: Ints
    status: Ints
    industry: pa.Array
    places: Places
    phone: pa.Array

    def __len__(self) -> int:
        return len(self.kind)

    def rows(self, *kinds: Kind) -> Ints:
        """Rows of organisations of these kinds."""
        return np.flatnonzero(np.isin(self.kind, kinds))


def make_firms(rng: np.random.Generator, people: People) -> Firms:
    """Invent the organisations of a city with these people."""
    kind = _kinds(len(people))
    rows = len(kind)
    places = make_places(rng, rows)
    trade = rng.choice(len(trades.TRADES), rows, p=trades.TRADE_SHARES)
    parent = _parents(rng, kind)
    leader, sister = _leaders(rng, people, kind)
    founded = _founded(rng, people, kind, leader)
    status = _status(rng, kind)
    closed = np.where(status == Status.CLOSED, today() - rng.integers(10, 1500, rows), -1)
    founded = np.where(closed >= 0, np.minimum(founded, closed - 200), founded)
    zone = np.isin(kind, [Kind.COMPANY, Kind.BRANCH]) & (rng.random(rows) < DEVELOPMENT_ZONE_SHARE)
    registrar = np.where(zone, DEVELOPMENT_ZONE_CODE, COUNTY_CODES[places.county])
    registrar = np.where(kind == Kind.ORGAN, CITY_CODE, registrar)
    first = _first_two(kind)
    organization_code = _organization_codes(rows)
    name, former = _names(rng, kind, trade, parent, sister, places)
    return Firms(
        kind=kind,
        name=name,
        former_name=former,
        uscc=_uscc(first, registrar, organization_code),
        organization_code=organization_code,
        registration_number=_registration_numbers(rng, kind, registrar, founded),
        registrar=registrar,
        leader=leader,
        capital=_capital(rng, kind),
        founded=founded.astype(np.int32),
        approved=_approved(rng, founded, closed),
        closed=closed.astype(np.int32),
        status=status,
        industry=_industries(kind, trade),
        places=places,
        phone=_phones(rng, people, leader),
    )


def _kinds(persons: int) -> Ints:
    counts = [len(trades.ORGANS)]
    counts += [
        max(4, round(persons * share))
        for share in (INSTITUTIONS, ASSOCIATIONS, COMPANIES, BRANCHES, BUSINESSES)
    ]
    return np.repeat(np.array(list(Kind)), counts)


def _parents(rng: np.random.Generator, kind: Ints) -> Ints:
    companies = np.flatnonzero(kind == Kind.COMPANY)
    return np.where(kind == Kind.BRANCH, rng.choice(companies, len(kind)), np.arange(len(kind)))


def _leaders(rng: np.random.Generator, people: People, kind: Ints) -> tuple[Ints, Ints]:
    """Adults who are alive; and for a sister firm the row of the company whose leader it shares."""
    age = people.age()
    adults = np.flatnonzero((age >= 23) & (age < 75) & people.alive())
    leader = rng.choice(adults, len(kind))
    index = np.arange(len(kind))
    sister = (kind == Kind.COMPANY) & (np.roll(kind, 1) == Kind.COMPANY)
    sister &= rng.random(len(kind)) < SISTER_SHARE
    root = np.maximum.accumulate(np.where(sister, 0, index))  # the first of a row of sisters
    return leader[root], root


def _founded(rng: np.random.Generator, people: People, kind: Ints, leader: Ints) -> Ints:
    """Mostly recent; never before the leader came of age."""
    age_days = rng.exponential(8 * YEAR, len(kind)) + 30
    public = np.isin(kind, [Kind.ORGAN, Kind.INSTITUTION])
    age_days = np.where(public, rng.uniform(10, 45, len(kind)) * YEAR, age_days)
    founded = (today() - np.minimum(age_days, 40 * YEAR)).astype(np.int64)
    of_age = people.birth[leader] + int(20 * YEAR)
    return np.where(public, founded, np.minimum(np.maximum(founded, of_age), today() - 210))


def _status(rng: np.random.Generator, kind: Ints) -> Ints:
    chance = rng.random(len(kind))
    market = kind >= Kind.COMPANY
    closed, revoked = chance < CLOSED_SHARE, chance > 1 - REVOKED_SHARE
    status = np.where(market & closed, Status.CLOSED, Status.OPEN)
    return np.where(market & revoked, Status.REVOKED, status)


def _first_two(kind: Ints) -> pa.Array:
    """Registration authority and kind: the first two characters of the USCC."""
    association = [first for first, _ in trades.ASSOCIATION_KINDS]
    which = np.arange(len(kind)) % len(association)  # as _public_names has it
    texts = pick(["11", "12", "51", "91", "91", "92"], kind)
    return choose(kind == Kind.ASSOCIATION, pick(association, which), texts)


def _organization_codes(rows: int) -> pa.Array:
    """PDY00001 to PDY99999, then PDY with letters; the ninth character is the check."""
    order = np.arange(1, rows + 1)
    plain = join("PDY", number(np.minimum(order, 99_999), 5))
    alphabet = np.frombuffer(checks.DIGITS31, np.uint8)
    rest = np.maximum(order - 100_000, 0)
    # The fourth sign is a letter, the other four count in base 31.
    signs = [
        alphabet[10 + rest // 31**4 % 21],
        *(alphabet[rest // 31**k % 31] for k in (3, 2, 1, 0)),
    ]
    more = join("PDY", from_matrix(np.column_stack(signs)))
    first8 = choose(order <= 99_999, plain, more)
    check = checks.organization_code_check(to_matrix(first8, 8))
    return join(first8, from_matrix(check[:, None]))


def _uscc(first_two: pa.Array, registrar: Ints, organization_code: pa.Array) -> pa.Array:
    first17 = to_matrix(join(first_two, number(registrar, 6), organization_code), 17)
    return from_matrix(np.column_stack([first17, checks.uscc_check(first17)]))


def _approved(rng: np.random.Generator, founded: Ints, closed: Ints) -> Ints:
    """Day of the latest approved change: any day since the foundation, or that of the closure."""
    since = founded + ((today() - 1 - founded) * rng.random(len(founded))).astype(np.int64)
    return np.where(closed >= 0, closed, since).astype(np.int32)


def _registration_numbers(
    rng: np.random.Generator, kind: Ints, registrar: Ints, founded: Ints
) -> pa.Array:
    """15 digits for those founded before October 2015; some from before 2007 still have 13."""
    had_one = (kind >= Kind.COMPANY) & (founded < _FIRST_OF_OCTOBER_2015)
    leading = np.where(kind == Kind.BUSINESS, 6, 0)
    second = np.where(kind == Kind.BRANCH, 2, 1)
    rank = rank_within(registrar, leading, second)
    first14 = join(number(registrar, 6), number(leading), number(second), number(rank + 1, 6))
    matrix = to_matrix(first14, 14)
    new = from_matrix(np.column_stack([matrix, checks.registration_number_check(matrix)]))
    old = join(number(registrar, 6), number(np.arange(len(kind)) + 2_000_000, 7))
    kept = (founded < _YEAR_2007) & (rng.random(len(kind)) < 0.3)
    return blank_unless(had_one, choose(kept, old, new))


def _names(
    rng: np.random.Generator, kind: Ints, trade: Ints, parent: Ints, sister: Ints, places: Places
) -> tuple[pa.Array, pa.Array]:
    """行政区划 + 字号 + 行业 + 组织形式; and the name before it was changed, or the empty text."""
    rows = len(kind)
    # Sisters share the 字号 and differ in their trade.
    trade = (trade[sister] + np.arange(rows) - sister) % len(trades.TRADES)
    current = trades.trade_names(sister)
    earlier = trades.trade_names(sister + rows)
    county = pick([county.name for county in COUNTIES], places.county)
    form = rng.choice(4, rows, p=[0.72, 0.18, 0.04, 0.06])
    bracket = rng.random(rows) < 0.12

    def full(style: pa.Array) -> pa.Array:
        words = pick([t.word for t in trades.TRADES], trade)
        ending = pick([*trades.COMPANY_FORMS, trades.PARTNERSHIP], form)
        plain = join(CITY, style, words, ending)
        company = choose(bracket & (form < 3), join(style, words, "（云州）", ending), plain)
        shop = join(CITY, county, style, pick([t.shop for t in trades.TRADES], trade))
        return choose(kind == Kind.BUSINESS, shop, company)

    name = full(current)
    branch_no = rank_within(parent, kind)
    numeral = pick(list("一二三四五六七八九十"), np.minimum(branch_no, 9))
    name = choose(
        kind == Kind.BRANCH, join(name.take(pa.array(parent)), "第", numeral, "分公司"), name
    )
    name = choose(kind <= Kind.ASSOCIATION, _public_names(kind, county, current), name)
    renamed = (rng.random(rows) < RENAMED_SHARE) & (kind == Kind.COMPANY)
    return name, blank_unless(renamed, full(earlier))


def _public_names(kind: Ints, county: pa.Array, style: pa.Array) -> pa.Array:
    """Names of organs, institutions and associations."""
    index = rank_within(kind)
    organs = pick(trades.ORGANS, np.minimum(index, len(trades.ORGANS) - 1))
    kinds = len(trades.INSTITUTION_KINDS)
    before, after = zip(*(text.split("{}") for text in trades.INSTITUTION_KINDS), strict=True)
    institutions = join(
        CITY,
        county,
        pick(before, index % kinds),
        number(index // kinds + 1),
        pick(after, index % kinds),
    )
    endings = [ending for _, ending in trades.ASSOCIATION_KINDS]
    associations = join(CITY, style, pick(endings, np.arange(len(kind)) % len(endings)))
    public = choose(kind == Kind.INSTITUTION, institutions, associations)
    return choose(kind == Kind.ORGAN, organs, public)


def _capital(rng: np.random.Generator, kind: Ints) -> Ints:
    """In 万元; branches have none, individual businesses little."""
    steps = np.array([10, 30, 50, 100, 200, 500, 1000, 2000, 5000, 10_000])
    amount = rng.choice(
        steps, len(kind), p=[0.1, 0.1, 0.18, 0.25, 0.13, 0.12, 0.07, 0.03, 0.015, 0.005]
    )
    amount = np.where(kind == Kind.BUSINESS, rng.integers(1, 30, len(kind)), amount)
    return np.where(np.isin(kind, [Kind.ORGAN, Kind.BRANCH]), 0, amount)


def _industries(kind: Ints, trade: Ints) -> pa.Array:
    market = pick([t.industry for t in trades.TRADES], trade)
    public = pick(["S9221", "P8310", "S9529", "", "", ""], kind)
    return choose(kind <= Kind.ASSOCIATION, public, market)


def _phones(rng: np.random.Generator, people: People, leader: Ints) -> pa.Array:
    """The leader's mobile, or a fixed line with the area code 0306, which no city has."""
    fixed = join("0306-", number(rng.integers(2_000_000, 9_000_000, len(leader)), 7))
    mobile = (rng.random(len(leader)) < 0.6) & (people.mobile[leader] > 0)
    return choose(mobile, number(people.mobile[leader]), fixed)
