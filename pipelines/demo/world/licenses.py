"""Licences of the city: who holds which, issued by whom, valid until when.

Arrays with one row per *issue*: a licence that was issued again as version 002 has two rows and
one ``license`` number. Days count from 1970-01-01; -1 means none (长期).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.demo.text import Bools, Ints, from_matrix, join, number, pick, to_matrix
from pipelines.demo.world import checks, trades
from pipelines.demo.world.firms import Firms, Kind, Status
from pipelines.demo.world.people import People
from pipelines.demo.world.today import today

ROOT = "1.2.156.3005.2"
REISSUED_SHARE = 0.1
SUSPENDED_SHARE = 0.01
_YEARS = 365


@dataclass(frozen=True)
class LicenseType:
    """One kind of licence: its issuer (row of the organs), number, and how long it lasts."""

    issuer: int
    serial: int  # last three digits of the type code
    name: str
    prefix: str  # of the licence number
    years: int  # 0 means for ever
    for_people: bool
    share: float  # of the possible holders


TYPES = (
    LicenseType(0, 1, "营业执照", "", 0, False, 1.0),
    LicenseType(0, 2, "食品经营许可证", "JY1", 5, False, 0.9),
    LicenseType(1, 1, "医师执业证书", "110", 0, True, 0.003),
    LicenseType(1, 2, "护士执业证书", "2013", 5, True, 0.005),
    LicenseType(1, 3, "医疗机构执业许可证", "PDY", 15, False, 1.0),
    LicenseType(1, 4, "公共场所卫生许可证", "云卫公证", 4, False, 0.4),
    LicenseType(2, 1, "道路运输经营许可证", "1306", 4, False, 0.9),
    LicenseType(2, 2, "道路运输从业人员从业资格证", "13060", 6, True, 0.02),
    LicenseType(3, 1, "建筑业企业资质证书", "D313", 5, False, 0.8),
    LicenseType(3, 2, "安全生产许可证", "（示）JZ安许证字", 3, False, 0.6),
)


@dataclass(frozen=True)
class Licenses:
    """Arrays with one row per issue."""

    license: Ints  # number of the licence, the same for all its issues
    kind: Ints  # row of ``TYPES``
    person: Ints  # row of the holder among the people, or -1
    firm: Ints  # row of the holder among the organisations, or -1
    version: Ints
    is_latest: Bools
    issued: Ints
    valid_to: Ints  # -1 for ever
    cancelled: Bools
    suspended: Bools
    number: pa.Array
    identifier: pa.Array

    def __len__(self) -> int:
        return int(self.license[-1]) + 1

    def rows(self, issuer: int) -> Ints:
        """Issues of one department."""
        return np.flatnonzero(np.array([kind.issuer for kind in TYPES])[self.kind] == issuer)


def make_licenses(rng: np.random.Generator, people: People, firms: Firms) -> Licenses:
    """Issue the licences of a city."""
    kind, person, firm = _holders(rng, people, firms)
    rows = len(kind)
    first = _first_issue(rng, people, firms, person, firm)
    reissued = (rng.random(rows) < REISSUED_SHARE) & (first < today() - 400)
    last = np.maximum(_last_day(people, firms, person, firm), first)
    again = first + ((last - first) * rng.uniform(0.2, 0.95, rows)).astype(np.int64)
    license_ = np.repeat(np.arange(rows), 1 + reissued)
    version = np.ones(len(license_), np.int64)
    version[1:][license_[1:] == license_[:-1]] = 2
    issued = np.where(version == 2, again[license_], first[license_])
    years = np.array([t.years for t in TYPES])[kind]
    valid_to = np.where(years[license_] > 0, issued + years[license_] * _YEARS - 1, -1)
    closed = (firm >= 0) & (firms.status[firm] != Status.OPEN)
    gone = (person >= 0) & ~people.alive()[person]
    serials = np.arange(rows)
    return Licenses(
        license=license_,
        kind=kind[license_],
        person=person[license_],
        firm=firm[license_],
        version=version,
        is_latest=np.append(license_[1:] != license_[:-1], True),
        issued=issued,
        valid_to=valid_to,
        cancelled=(closed | gone)[license_],
        suspended=(rng.random(rows) < SUSPENDED_SHARE)[license_],
        number=_numbers(kind, serials, firm, firms).take(pa.array(license_)),
        identifier=_identifiers(kind[license_], license_, version, issued, firms),
    )


def _holders(rng: np.random.Generator, people: People, firms: Firms) -> tuple[Ints, Ints, Ints]:
    """Type, person and organisation of each licence; exactly one of the holders is not -1."""
    kinds, persons, holders = [], [], []
    for place, kind in enumerate(TYPES):
        possible = _possible(kind, people, firms)
        chosen = possible[rng.random(len(possible)) < kind.share]
        nobody = np.full(len(chosen), -1)
        kinds.append(np.full(len(chosen), place))
        persons.append(chosen if kind.for_people else nobody)
        holders.append(nobody if kind.for_people else chosen)
    return np.concatenate(kinds), np.concatenate(persons), np.concatenate(holders)


def _possible(kind: LicenseType, people: People, firms: Firms) -> Ints:
    if kind.for_people:
        age = people.age()
        return np.flatnonzero((age >= 24) & (age < 62))
    market = firms.rows(Kind.COMPANY, Kind.BRANCH, Kind.BUSINESS)
    if (kind.issuer, kind.serial) == (0, 1):
        return market
    if (kind.issuer, kind.serial) == (1, 3):  # hospitals and health centres
        institutions = firms.rows(Kind.INSTITUTION)
        clinics: Ints = institutions[np.isin(np.arange(len(institutions)) % 10, [3, 4])]
        return clinics
    words = {
        (0, 2): ("H", "C14"),
        (1, 4): ("H",),
        (2, 1): ("G",),
        (3, 1): ("E",),
        (3, 2): ("E47",),
    }[kind.issuer, kind.serial]
    of_trade = [trade.industry for trade in trades.TRADES if trade.industry.startswith(words)]
    industries = np.array(firms.industry.to_pylist())
    chosen: Ints = market[np.isin(industries[market], of_trade)]
    return chosen


def _first_issue(
    rng: np.random.Generator, people: People, firms: Firms, person: Ints, firm: Ints
) -> Ints:
    """After the organisation was founded, or the person 24 years old; before yesterday."""
    start = np.where(firm >= 0, firms.founded[firm], people.birth[person] + 24 * 366)
    start = np.maximum(start, today() - 15 * _YEARS)
    end = _last_day(people, firms, person, firm)
    room = np.maximum(end - start, 0)
    day: Ints = np.minimum(
        start + (room * rng.random(len(firm)) ** 2).astype(np.int64), today() - 1
    )
    return day


def _last_day(people: People, firms: Firms, person: Ints, firm: Ints) -> Ints:
    """The last day on which the holder could be given a licence: still there, or yesterday."""
    closed = np.where((firm >= 0) & (firms.closed[firm] >= 0), firms.closed[firm], today() - 1)
    died = (person >= 0) & (people.death[person] >= 0)
    return np.where(died, people.death[person], closed)


def _numbers(kind: Ints, serials: Ints, firm: Ints, firms: Firms) -> pa.Array:
    """Licence numbers; that of a business licence is the organisation's code."""
    prefixes = pick([t.prefix for t in TYPES], kind)
    own = join(prefixes, number(serials + 1, 9))
    code = firms.uscc.take(pa.array(np.maximum(firm, 0)))
    return pc.if_else(pa.array(kind == 0), code, own)


def _identifiers(kind: Ints, license_: Ints, version: Ints, issued: Ints, firms: Firms) -> pa.Array:
    """Root, type, issuer, serial, version and check by GB/T 36904; serials have 12 digits."""
    issuer = firms.uscc.take(pa.array(np.array([t.issuer for t in TYPES])[kind]))
    type_code = type_codes(kind, firms)
    year = (1970 + issued / 365.2425).astype(np.int64)[np.searchsorted(license_, license_)]
    serial = join(number(year, 4), number(license_ + 1, 8))
    ordinal = number(version, 3)
    joined = to_matrix(join(type_code, issuer, serial, ordinal), 21 + 18 + 12 + 3)
    check = from_matrix(checks.license_identifier_check(joined)[:, None])
    dotted = (ROOT, type_code, issuer, serial, ordinal, check)
    return pc.binary_join_element_wise(*dotted, ".")


def type_codes(kind: Ints, firms: Firms) -> pa.Array:
    """21 characters: the code of the department that defined the type, and three digits."""
    issuer = firms.uscc.take(pa.array(np.array([t.issuer for t in TYPES])[kind]))
    return join(issuer, number(np.array([t.serial for t in TYPES])[kind], 3))
