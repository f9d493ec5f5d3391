"""What five departments have on file about the firms of ``market``, slips and all.

Error model in words. The **registrar** writes registered names and codes, nearly always right. The
**tax office** leaves the county out of one name in ten and takes the sign for the name of one shop
in twenty; of firms that follow or belong to another one, six in a hundred are filed under its code.
The **insurance office** has no code for one unit in eight. The **street office** lists shop fronts:
mostly without a code, two in three by the sign alone, some by the owner's name. The **credit list**
has a name, as a rule the one on the sign, and the code, and nothing else. Addresses begin at the
street in two records of five.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.identity.world.codepoints import Bools, Ints, Texts, number
from benchmarks.identity.world.departments import FileOf
from benchmarks.identity.world.firm_files import mistype
from benchmarks.identity.world.harsher.market import MARKET_TRAITS, Firm, Market
from benchmarks.identity.world.numbers_of_people import TODAY
from benchmarks.identity.world.people import REGIONS
from benchmarks.identity.world.places import Homes, make_homes

_BEHIND = ("馆", "店", "经营部", "有限公司")


@dataclass(frozen=True)
class Office:
    """A department: shares of its records, by what happens to them."""

    columns: str
    shops: float  # of the shops, on file here
    others: float
    no_code: float
    wrong_sign: float  # of the code, one sign mistyped
    relatives_code: float  # of firms with a relative: its code
    sign: float  # the name without the county
    short: float  # the name without county and what stands behind
    owners_name: float  # the owner's name for the firm's
    no_owner: float
    no_address: float
    no_phone: float


MARKET_OFFICES: Mapping[str, Office] = {
    "market_regulation__firms": Office(
        "key code registration name representative established cancelled status region address "
        "phone changed",
        0.97, 0.985, 0.003, 0.0005, 0.0, 0.0, 0.0, 0.0, 0.002, 0.002, 0.08),
    "taxation__taxpayers": Office(
        "key code name representative established status region address phone changed",
        0.5, 0.9, 0.02, 0.003, 0.06, 0.10, 0.05, 0.0, 0.01, 0.02, 0.06),
    "human_resources__units": Office(
        "key name code representative address region phone status changed",
        0.2, 0.65, 0.12, 0.006, 0.04, 0.15, 0.10, 0.0, 0.1, 0.06, 0.12),
    "urban_management__shop_fronts": Office(
        "key name code representative address region phone changed",
        0.55, 0.12, 0.8, 0.004, 0.03, 0.45, 0.25, 0.05, 0.3, 0.05, 0.2),
    "finance__credit_list": Office(
        "key name code status changed",
        0.35, 0.5, 0.01, 0.002, 0.02, 0.35, 0.2, 0.0, 0.0, 0.0, 0.0),
}  # fmt: skip
MARKET_SLIPS = ("no_code", "wrong_sign", "relatives_code", "sign", "short", "owners_name",
                "no_owner", "no_address", "no_phone")  # fmt: skip
MARKET_TAGS: Sequence[str] = (*MARKET_TRAITS, *MARKET_SLIPS)


def market_files(market: Market) -> Iterator[FileOf]:
    """The files one after another."""
    homes = make_homes(market.regions_of_addresses(), market.seed + 7)
    for place, (source, office) in enumerate(MARKET_OFFICES.items()):
        rng = np.random.default_rng([market.seed, 60 + place])
        yield _file(market, homes, source, office, rng)


def _file(
    market: Market, homes: Homes, source: str, office: Office, rng: np.random.Generator
) -> FileOf:
    share = [office.shops if firm.kind == "shop" else office.others for firm in market.firms]
    which = rng.permutation(np.flatnonzero(rng.random(len(share)) < np.array(share)))
    firms = [market.firms[at] for at in which]
    slips = {tag: rng.random(len(which)) < getattr(office, tag) for tag in MARKET_SLIPS}
    slips["relatives_code"] &= np.array([firm.relative >= 0 for firm in firms])
    slips["relatives_code"] &= ~slips["no_code"]
    bare, short = rng.random(len(which)) < 0.4, rng.random(len(which)) < 0.1
    address = homes.written(np.array([firm.address for firm in firms]), bare, short)
    made = {
        "key": np.array([f"{source[0].upper()}{n:07d}" for n in rng.permutation(len(which)) + 1]),
        "code": _codes(market, which, slips, rng),
        "registration": np.array([market.registration[at] for at in which]),
        "name": np.array([_written(f, slips, n) for n, f in enumerate(firms)]),
        "representative": _unless(slips["no_owner"], [f.owner_name for f in firms]),
        "established": (TODAY - _days(firms)).astype("U10"),
        "cancelled": np.array([_cancelled(firm) for firm in firms]),
        "status": np.array(["注销" if firm.cancelled else "存续" for firm in firms]),
        "region": number(REGIONS[[firm.region for firm in firms]], 6),
        "address": _unless(slips["no_address"], address.tolist()),
        "phone": _unless(slips["no_phone"], [str(firm.phone) for firm in firms]),
        "changed": np.array([f"{d} 10:00:00" for d in TODAY - rng.integers(1, 900, len(which))]),
    }  # fmt: skip
    columns = {column: made[column] for column in office.columns.split()}
    groups = {"kind": np.array([f.kind for f in firms]), "region": made["region"]}
    return FileOf(source, columns, which, _bits(firms, slips), groups)


def _days(firms: Sequence[Firm]) -> NDArray[np.timedelta64]:
    return np.array([firm.days for firm in firms]).astype("timedelta64[D]")


def _codes(
    market: Market, which: Ints, slips: Mapping[str, Bools], rng: np.random.Generator
) -> Texts:
    code = np.array([market.code[at] for at in which]).astype("U20")
    for at in np.flatnonzero(slips["relatives_code"]):
        code[at] = market.code[market.firms[which[at]].relative]
    mistype(code, slips["wrong_sign"], rng)
    code[slips["no_code"]] = ""
    return code


def _written(firm: Firm, slips: Mapping[str, Bools], at: int) -> str:
    if slips["owners_name"][at]:
        return firm.owner_name
    if slips["short"][at]:
        for behind in _BEHIND:
            if firm.sign.endswith(behind) and len(firm.sign) >= len(behind) + 3:
                return firm.sign.removesuffix(behind)
        return firm.sign
    return firm.sign if slips["sign"][at] else firm.name


def _unless(missing: Bools, texts: Sequence[str]) -> Texts:
    return np.array(["" if gone else text for gone, text in zip(missing, texts, strict=True)])


def _cancelled(firm: Firm) -> str:
    return str(TODAY - np.timedelta64(firm.days // 5, "D")) if firm.cancelled else ""


def _bits(firms: Sequence[Firm], slips: Mapping[str, Bools]) -> Ints:
    bits = np.zeros(len(firms), dtype=np.int64)
    for place, tag in enumerate(MARKET_TAGS):
        if tag in slips:
            bits[slips[tag]] |= 1 << place
        else:
            bits[np.array([tag in firm.traits for firm in firms])] |= 1 << place
    return bits
