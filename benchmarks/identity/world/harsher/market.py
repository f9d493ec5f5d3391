"""The world ``market``: half of the firms are individual businesses, and names prove little.

Its error model in words. **Names**: a third of the shops are called by a dish or a franchise
(兰州拉面), a third by a surname and a trade (老马面馆), the others by a brand; the county stands in
front of two registered names in three. Cooperatives are called by villages that several towns
have. **Owners**: one shop in seven is a further one of an owner who has another: his telephone,
his name, the same or a numbered name (二店), another address and another code. **Doors**: one shop
in ten follows one that was struck off at its address, under the old name as a rule, with the same
owner for two in five, else sometimes with the telephone on the old sign. **Franchises**: one shop
in twelve, each with an owner of its own, a quarter with the franchise's telephone.

Arrays become lists here: a market has thousands of firms, not millions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.identity.world.codepoints import Ints, to_texts
from benchmarks.identity.world.firms import (
    credit_codes,
    organization_codes,
    phone_number,
    registration_numbers,
)
from benchmarks.identity.world.numbers_of_people import TODAY
from benchmarks.identity.world.people import REGIONS, make_people
from benchmarks.identity.world.words import characters, pairs, words

MARKET_TRAITS = ("shared_name", "further_shop", "successor", "franchise", "cooperative", "branch")
_WORDS = Path(__file__).with_name("market.yml")
_SHOPS = 0.5
_FURTHER, _SUCCESSOR, _FRANCHISE = 0.14, 0.10, 0.08  # of the shops
_COOPERATIVE, _BRANCH = 0.06, 0.05  # of the others
_OWNERS = 0.8  # people, per firm


@dataclass(frozen=True)
class Firm:
    """One registration. ``sign`` is its name without county, as people call it."""

    kind: str  # shop, company, cooperative, branch
    region: int
    county: str
    sign: str
    name: str
    owner: int
    owner_name: str
    address: int
    phone: int
    days: int  # since it was established
    cancelled: bool = False
    relative: int = -1  # the owner's first shop, the predecessor, the parent
    traits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Market:
    """The truth about every registration, and the codes of each."""

    seed: int
    firms: Sequence[Firm]
    code: Sequence[str]
    registration: Sequence[str]
    addresses: int

    def regions_of_addresses(self) -> Ints:
        """The region of each address, for the writing of it."""
        found = np.zeros(self.addresses, dtype=np.int64)
        for firm in self.firms:
            found[firm.address] = firm.region
        return found


@cache
def _document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return found


def market_words(name: str) -> Sequence[str]:
    """A list of ``market.yml``."""
    return [str(word) for word in _document()[name]]


def make_market(firms: int, seed: int) -> Market:
    """So many registrations; the same for the same arguments."""
    rng = np.random.default_rng([seed, 41])
    owners = make_people(max(100, round(firms * _OWNERS)), seed + 17)
    makers = _Makers(rng, list(to_texts(owners.name)), np.flatnonzero(owners.age >= 20))
    made: list[Firm] = []
    for number in range(firms):
        made.append(_firm(number, made, makers))
    organization = organization_codes(firms, rng)
    authority = REGIONS[np.array([firm.region for firm in made])]
    shop = np.array([firm.kind == "shop" for firm in made])
    established = TODAY - np.array([firm.days for firm in made]).astype("timedelta64[D]")
    numbers = registration_numbers(authority, shop, established, rng)
    codes = credit_codes(shop, authority, organization)
    return Market(seed, made, codes.tolist(), numbers.tolist(), firms)


@dataclass(frozen=True)
class _Makers:
    """What every firm is drawn from."""

    rng: np.random.Generator
    names: Sequence[str]
    adults: Ints

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def pick(self, several: Sequence[str]) -> str:
        return several[int(self.rng.integers(len(several)))]


def _firm(number: int, made: list[Firm], makers: _Makers) -> Firm:
    rng = makers.rng
    is_shop = makers.chance(_SHOPS)
    shops = [at for at in _tail(made) if made[at].kind == "shop" and made[at].relative < 0]
    companies = [at for at in _tail(made) if made[at].kind == "company"]
    luck = rng.random()
    if is_shop and shops and luck < _FURTHER:
        return _further_shop(number, int(rng.choice(shops)), made, makers)
    if is_shop and shops and luck < _FURTHER + _SUCCESSOR:
        return _successor(number, int(rng.choice(shops)), made, makers)
    if not is_shop and companies and luck < _BRANCH:
        return _branch(number, int(rng.choice(companies)), made, makers)
    return _fresh(number, is_shop, makers)


def _tail(made: list[Firm]) -> range:
    """The last few: enough to choose from, and quick."""
    return range(max(0, len(made) - 200), len(made))


def _fresh(number: int, is_shop: bool, makers: _Makers) -> Firm:
    rng = makers.rng
    owner = int(rng.choice(makers.adults))
    region = int(rng.integers(len(REGIONS)))
    county = str(pairs("counties")[region])
    name_of_owner = makers.names[owner]
    sign, kind, traits = _sign(is_shop, name_of_owner, makers)
    phone = int(phone_number(np.array([number]))[0])
    if "franchise" in traits and makers.chance(0.25):
        phone = int(phone_number(np.array([90_000_000 + len(sign)]))[0])
    in_front = makers.chance(0.67) if is_shop else kind == "company" or makers.chance(0.7)
    name = county + sign if in_front else sign
    days = int(rng.integers(60, 6000))
    cancelled = makers.chance(0.12)
    return Firm(
        kind, region, county, sign, name, owner, name_of_owner, number, phone, days, cancelled,
        traits=traits,
    )  # fmt: skip


def _sign(is_shop: bool, owner: str, makers: _Makers) -> tuple[str, str, tuple[str, ...]]:
    """A name without county, the kind of firm, and what is special about it."""
    brand = "".join(makers.pick(characters("brand")) for _ in range(2))
    trade = makers.pick(market_words("trades"))
    luck = makers.rng.random()
    if not is_shop and luck < _COOPERATIVE:
        village, crop = makers.pick(words("villages")), makers.pick(market_words("crops"))
        return f"{village}村{crop}种植专业合作社", "cooperative", ("cooperative",)
    if not is_shop:
        brand += makers.pick(characters("brand"))
        return f"{brand}{makers.pick([p[0] for p in pairs('trades')])}有限公司", "company", ()
    if luck < _FRANCHISE:
        return makers.pick(market_words("franchises")), "shop", ("franchise", "shared_name")
    if luck < 0.33:
        return makers.pick(market_words("dishes")) + makers.pick(["", "", "馆", "店"]), "shop", (
            "shared_name",
        )  # fmt: skip
    if luck < 0.62:
        called = makers.pick([f"老{owner[0]}", f"{owner[0]}记", f"小{owner[0]}"])
        return called + trade, "shop", ("shared_name",)
    return (owner if luck < 0.72 else brand) + trade, "shop", ()


def _further_shop(number: int, first: int, made: list[Firm], makers: _Makers) -> Firm:
    """Another shop of the owner: his name and telephone, another door and code."""
    base = made[first]
    numbered = makers.pick(["", "", "二店", "三店", "分店"])
    elsewhere = makers.chance(0.3)
    region = int(makers.rng.integers(len(REGIONS))) if elsewhere else base.region
    county = str(pairs("counties")[region])
    in_front = base.name != base.sign
    sign = base.sign + numbered
    return replace(
        base, region=region, county=county, sign=sign, name=county + sign if in_front else sign,
        address=number, days=max(40, int(base.days * makers.rng.uniform(0.2, 0.9))),
        cancelled=makers.chance(0.1), relative=first, traits=(*base.traits, "further_shop"),
    )  # fmt: skip


def _successor(number: int, old: int, made: list[Firm], makers: _Makers) -> Firm:
    """A new registration at the door of one that was struck off."""
    base = made[old]
    made[old] = base = replace(base, cancelled=True, days=max(base.days, 400))
    same_owner = makers.chance(0.4)
    owner = base.owner if same_owner else int(makers.rng.choice(makers.adults))
    keeps_phone = same_owner or makers.chance(0.3)
    phone = base.phone if keeps_phone else int(phone_number(np.array([number]))[0])
    sign = base.sign
    if makers.chance(0.3):
        sign = _sign(True, makers.names[owner], makers)[0]
    name = base.county + sign if base.name != base.sign else sign
    return replace(
        base, sign=sign, name=name, owner=owner, owner_name=makers.names[owner], phone=phone,
        days=int(base.days * makers.rng.uniform(0.1, 0.6)), cancelled=makers.chance(0.08),
        relative=old, traits=(*base.traits, "successor"),
    )  # fmt: skip


def _branch(number: int, parent: int, made: list[Firm], makers: _Makers) -> Firm:
    base = made[parent]
    region = int(makers.rng.integers(len(REGIONS)))
    county = str(pairs("counties")[region])
    owner = base.owner if makers.chance(0.4) else int(makers.rng.choice(makers.adults))
    return replace(
        base, kind="branch", region=region, county=county, name=f"{base.name}{county[:2]}分公司",
        sign=f"{base.sign}{county[:2]}分公司", owner=owner, owner_name=makers.names[owner],
        address=number, phone=int(phone_number(np.array([number]))[0]), relative=parent,
        days=int(base.days * makers.rng.uniform(0.1, 0.9)), traits=("branch",),
    )  # fmt: skip
