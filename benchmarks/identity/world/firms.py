"""The true enterprises: who owns them, where they sit, what they are and were called.

Arrays of equal length, one place per registration; a firm that was struck off and registered again
is two, as it is in law. Names are kept in parts, which departments put together in their own ways.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.identity.world.codepoints import (
    Bools,
    Ints,
    Texts,
    join,
    number,
    to_matrix,
    to_texts,
    where,
)
from benchmarks.identity.world.numbers_of_people import TODAY
from benchmarks.identity.world.people import REGIONS, make_people
from benchmarks.identity.world.rates import FIRM_TRAITS
from benchmarks.identity.world.words import characters, pairs, words

CITY = 370800  # the city's own registration authority
_COUNTY_SHARES = np.array([0.34, 0.15, 0.14, 0.14, 0.08, 0.08, 0.07])
_OWNERS_A_FIRM = 0.8  # people who represent firms, per firm
_OFFICE_FIRMS, _AGENT_FIRMS = 150, 120  # firms that share one office, one bookkeeper
_FORMS = np.array(["有限公司", "有限责任公司", "股份有限公司", "（有限合伙）"])
_FORM_SHARES = np.array([0.78, 0.14, 0.03, 0.05])
_USCC_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODES_FROM = np.datetime64("2015-10-01")  # registered before it: had a registration number first


@dataclass
class Firms:
    """The truth about every registration."""

    seed: int
    region: Ints  # place in REGIONS
    place_name: Texts  # 东江市, 东江, or the county
    brand: Texts
    former_brand: Texts
    trade: Texts
    form: Texts
    suffix: Texts  # of a branch: 滨河分公司
    code: Texts
    organization: Texts
    registration: Texts
    representative: Texts
    representative_id: Texts
    former_representative: Texts
    address: Ints  # a home of places.py
    former_address: Ints
    phone: Ints
    former_phone: Ints
    established: NDArray[np.datetime64]
    cancelled: Bools
    capital: Ints  # ten thousand yuan
    parent: Ints  # of a branch; else -1
    sister: Ints  # another firm of the owner; else -1
    predecessor: Ints  # the registration that was struck off; else -1
    traits: dict[str, Bools]

    def __len__(self) -> int:
        return len(self.region)


def make_firms(firms: int, seed: int) -> Firms:
    """So many registrations; the same for the same arguments."""
    rng = np.random.default_rng([seed, 5])
    n = firms
    owners = make_people(max(100, round(n * _OWNERS_A_FIRM)), seed + 1)
    adults = np.flatnonzero(owners.age >= 22)
    owner_names = to_texts(owners.name)
    traits = {name: rng.random(n) < trait.share for name, trait in FIRM_TRAITS.items()}
    branch = traits["branch"]
    traits["shop"] &= ~branch
    shop = traits["shop"]
    parent, sister, before = _relations(n, shop, traits, rng)
    region = rng.choice(len(REGIONS), n, p=_COUNTY_SHARES)
    owner, manager = rng.choice(adults, n), rng.choice(adults, n)
    address, phone = _doors(n, traits, rng)
    counties = np.array(pairs("counties"))[region]
    place_name, brand, trade, form = _names(counties, shop, branch, rng)

    for one, fields in (
        (sister, (region, owner, address, phone, brand, place_name)),
        (before, (region, owner, phone, brand, place_name, trade, form)),
        (parent, (brand, place_name, trade, form)),
    ):
        rows = np.flatnonzero(one >= 0)
        for values in fields:
            values[rows] = values[one[rows]]
    trade = _sister_trades(trade, sister, rng)
    for one, values, share in ((before, address, 0.7), (parent, owner, 0.4)):
        rows = np.flatnonzero((one >= 0) & (rng.random(n) < share))
        values[rows] = values[one[rows]]
    established, cancelled = _lives(before, parent, rng)
    suffix = where(branch, join(np.strings.slice(counties, 0, 2), _nth(n, rng), "分公司"), "")
    organization = organization_codes(n, rng)
    authority = np.where(rng.random(n) < 0.3, CITY, REGIONS[region])
    _mark(traits, branch, sister, before)
    return Firms(
        seed, region, place_name, brand,
        where(traits["renamed"], _words(n, shop, rng)[0], brand), trade, form, suffix,
        credit_codes(shop, authority, organization), organization,
        registration_numbers(authority, shop, established, rng),
        owner_names[owner], owners.number[owner],
        where(traits["new_representative"], owner_names[manager], owner_names[owner]),
        address, np.where(traits["moved"], address + n, address),
        phone, np.where(traits["moved"], phone_number(np.arange(n, 2 * n)), phone),
        established, cancelled, _capital(n, rng), parent, sister, before, traits,
    )  # fmt: skip


def _names(
    counties: Texts, shop: Bools, branch: Bools, rng: np.random.Generator
) -> tuple[Texts, Texts, Texts, Texts]:
    """Region, brand, trade and form; no two companies have all of them in common."""
    n = len(counties)
    brand, trade = _words(n, shop, rng)
    place_name = np.array(["东江市", "东江", ""])[rng.choice(3, n, p=[0.5, 0.35, 0.15])]
    place_name = where(shop | (place_name == ""), counties, place_name)
    form = where(shop, "", rng.choice(_FORMS, n, p=_FORM_SHARES))
    trade = where(form == "（有限合伙）", "企业管理合伙企业", trade)
    return place_name, _unique(place_name, brand, trade, form, ~shop & ~branch, rng), trade, form


def _lives(
    before: Ints, parent: Ints, rng: np.random.Generator
) -> tuple[NDArray[np.datetime64], Bools]:
    """When each was established, branches and successors later; and which are struck off."""
    n = len(before)
    days = rng.integers(30, 9000, n)
    days = np.where(rng.random(n) < 0.55, days // 3 + 30, days)  # half are younger than eight years
    later = np.flatnonzero((before >= 0) | (parent >= 0))
    older = np.maximum(before, parent)[later]
    days[older] = np.maximum(days[older], 900)
    days[later] = (days[older] * rng.uniform(0.05, 0.7, len(later))).astype(np.int64)
    cancelled = rng.random(n) < 0.12
    cancelled[before[before >= 0]] = True
    cancelled[later] &= rng.random(len(later)) < 0.3
    return TODAY - days.astype("timedelta64[D]"), cancelled


def _mark(traits: dict[str, Bools], branch: Bools, sister: Ints, before: Ints) -> None:
    """Note both sides of a relation; who has one keeps his name, which others are known by."""
    for trait, other in (("registered_again", before), ("sister", sister)):
        traits[trait] = other >= 0
        traits[trait][other[other >= 0]] = True
    traits["renamed"] &= ~branch & (before < 0) & ~traits["sister"]


def _relations(
    n: int, shop: Bools, traits: dict[str, Bools], rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Parents of branches, the owner's other firm, and predecessors; -1 where there is none."""
    parent, sister, before = (np.full(n, -1) for _ in range(3))
    branch = np.flatnonzero(traits["branch"])
    free = rng.permutation(np.flatnonzero(~shop & ~traits["branch"]))
    many = free[: max(1, len(branch) // 3)]  # three branches each on average
    parent[branch] = rng.choice(many, len(branch))
    rest = free[len(many) :]
    count = int(FIRM_TRAITS["sister"].share * n * 0.6)  # the others of each group of two to four
    first = rest[: max(1, count // 2)]
    others = rest[len(first) : len(first) + count]
    sister[others] = rng.choice(first, len(others))
    rest = rest[len(first) + count :]
    count = int(FIRM_TRAITS["registered_again"].share * n / 2)
    old, new = rest[:count], rest[count : 2 * count]
    before[new] = old
    return parent, sister, before


def _doors(n: int, traits: dict[str, Bools], rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Addresses and telephones; some are those of an incubator or a bookkeeping agency."""
    address, phone = np.arange(n), phone_number(np.arange(n))
    offices, agents = n // (10 * _OFFICE_FIRMS) + 1, n // (12 * _AGENT_FIRMS) + 1
    address = np.where(traits["shared_office"], rng.integers(0, offices, n), address)
    agent = phone_number(2 * n + rng.integers(0, agents, n))
    return address, np.where(traits["agents_phone"], agent, phone)


def _words(n: int, shop: Bools, rng: np.random.Generator) -> tuple[Texts, Texts]:
    """Brands of two or three characters, and what is done under them."""
    signs = np.array(characters("brand"))
    parts = [signs[rng.integers(0, len(signs), n)] for _ in range(3)]
    surname = np.array(words("surnames"))[rng.integers(0, 40, n)]
    short = (rng.random(n) < 0.4) | shop
    brand = where(short, join(parts[0], parts[1]), join(*parts))
    brand = where(shop & (rng.random(n) < 0.4), join(rng.choice(["老", "小"], n), surname), brand)
    trades = np.array([pair[0] for pair in pairs("trades")])
    shops = np.array(words_list("shops"))
    trade = where(shop, rng.choice(shops, n), rng.choice(trades, n))
    return brand.astype("U4"), trade.astype("U16")


def words_list(name: str) -> list[str]:
    """A plain list of words."""
    return [str(word) for word in pairs(name)]


def _unique(
    place: Texts, brand: Texts, trade: Texts, form: Texts, among: Bools, rng: np.random.Generator
) -> Texts:
    """No two companies of one authority have one name (企业名称登记管理规定 第十七条)."""
    signs = np.array(characters("brand"))
    for _ in range(6):
        whole = join(place, brand, trade, form)
        _, first = np.unique(whole, return_index=True)
        again = among.copy()
        again[first] = False
        rows = np.flatnonzero(again)
        if not len(rows):
            break
        fresh = join(*(signs[rng.integers(0, len(signs), len(rows))] for _ in range(3)))
        brand[rows] = fresh
    return brand


def _sister_trades(trade: Texts, sister: Ints, rng: np.random.Generator) -> Texts:
    """Sisters do nearly the same (商贸, 贸易) or something else under the same brand."""
    near = dict(pairs("trades"))
    rows = np.flatnonzero(sister >= 0)
    first = trade[sister[rows]]
    alike = np.array([near.get(str(text), "投资") for text in first])
    others = np.array([pair[0] for pair in pairs("trades")])
    other = rng.choice(others, len(rows))
    other = where(other == first, "投资", other)
    trade[rows] = where(rng.random(len(rows)) < 0.5, alike, other)
    return trade


def _nth(n: int, rng: np.random.Generator) -> Texts:
    """第一, 第二 … for some branches."""
    nth = np.array(["", "第一", "第二", "第三"])[rng.integers(0, 4, n)]
    return where(rng.random(n) < 0.5, nth, "")


def phone_number(places: Ints) -> Ints:
    return 14_000_000_000 + (places * 9_368_791 + 777) % 40_000_000


def _capital(n: int, rng: np.random.Generator) -> Ints:
    return rng.choice(np.array([3, 10, 50, 100, 200, 500, 1000, 2000, 5000]), n)


def organization_codes(n: int, rng: np.random.Generator) -> Texts:
    """PDY00001 to PDY99999, which GB 11714 leaves to users, with the check of MOD 11."""
    eight = join("PDY", number(rng.permutation(99_999)[:n] + 1, 5))
    values = _values(eight, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    total = 11 - values @ np.array([3, 7, 9, 10, 5, 8, 4, 2]) % 11
    return join(eight, np.array(list("0123456789X0"))[np.where(total == 11, 11, total)])


def _values(texts: Texts, signs: str) -> Ints:
    table = np.zeros(128, dtype=np.int64)
    for place, sign in enumerate(signs):
        table[ord(sign)] = place
    width = texts.dtype.itemsize // 4
    return table[to_matrix(texts, width)]


def credit_codes(shop: Bools, authority: Ints, organization: Texts) -> Texts:
    """GB 32100, with the check of MOD 31."""
    first = join(where(shop, "92", "91"), number(authority, 6), organization)
    weights = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])
    total = _values(first.astype("U17"), _USCC_SIGNS) @ weights
    return join(first, np.array(list(_USCC_SIGNS))[(31 - total % 31) % 31])


def registration_numbers(
    authority: Ints, shop: Bools, established: NDArray[np.datetime64], rng: np.random.Generator
) -> Texts:
    """GS 15-2006 with the check of MOD 11,10; empty for who registered after the numbers ended."""
    sequence = rng.permutation(len(authority)) + np.where(shop, 60_000_000, 10_000_000)
    first = join(number(authority, 6), number(sequence, 8))
    digits = to_matrix(first, 14).astype(np.int64) - ord("0")
    state = np.full(len(first), 10)
    for place in range(14):
        step = (state + digits[:, place]) % 10
        state = 2 * np.where(step == 0, 10, step) % 11
    return where(established < _CODES_FROM, join(first, number((11 - state) % 10)), "")
