"""What happens to a few hundred people on a working day, and what three departments know of it.

Events in words, a day of a thousand people: one is **new**, four **move** (a new address, every
second also a new telephone), one in five days is **renamed**, one in two days **dies**, one in
four days is given a **new number** (登记更正); the police know at once. Insurance and hospital hear
of each change after up to two months (**late**), one in six never. Every day two values are
**corrected** that were mistyped when they were taken down, and once a quarter a department sends a
**wrong delivery**: in one row of twenty number and name stand in the line below. It is put right
after a week. Who dies keeps his records, but those of the hospital, which go after half a year.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.identity.world.codepoints import to_texts
from benchmarks.identity.world.numbers_of_people import citizen_number
from benchmarks.identity.world.people import REGIONS, People, make_people

POLICE, INSURANCE, HOSPITAL = (
    "public_security__residents", "human_resources__insured", "health__patients",
)  # fmt: skip
_COVERED: Mapping[str, float] = {POLICE: 0.98, INSURANCE: 0.7, HOSPITAL: 0.6}
_NO_NUMBER: Mapping[str, float] = {POLICE: 0.0, INSURANCE: 0.01, HOSPITAL: 0.3}
_A_DAY: Mapping[str, float] = {
    "new": 1.0, "moved": 4.0, "renamed": 0.2, "died": 0.5, "registered_again": 0.25,
}  # fmt: skip
_CORRECTED = 2.0
_NEVER_HEARD, _LATEST = 1 / 6, 40  # working days
_QUARTER, _WEEK, _HALF_YEAR = 62, 5, 125
_SHIFTED = 20  # one row in so many of a wrong delivery

Key = tuple[str, str]  # source, source_key


@dataclass(frozen=True)
class Person:
    """What is true of somebody today."""

    name: str
    male: bool
    birth: str
    number: str
    address: str
    mobile: str


@dataclass
class Life:
    """People and files, day by day. ``known``: per record, what its department knows."""

    seed: int
    people: list[Person]
    known: dict[Key, Person] = field(default_factory=dict)
    whose: dict[Key, int] = field(default_factory=dict)
    since: dict[Key, int] = field(default_factory=dict)
    mistyped: dict[Key, Person] = field(default_factory=dict)
    pending: list[tuple[int, Key, Person | None]] = field(default_factory=list)
    shifted: dict[Key, Key] = field(default_factory=dict)
    happened: dict[str, int] = field(default_factory=dict)


def begin(persons: int, seed: int) -> tuple[Life, Iterator[Person]]:
    """The first day, and the people who will come."""
    crowd = make_people(2 * persons + 50, seed)
    everybody = [_person(crowd, n) for n in range(len(crowd))]
    life = Life(seed, [])
    rng = np.random.default_rng([seed, 91])
    for person in everybody[:persons]:
        _enter(life, person, 0, rng)
    return life, iter(everybody[persons:])


def _person(crowd: People, n: int) -> Person:
    name = str(to_texts(crowd.name[n : n + 1])[0])
    place = f"东江市滨河区建设路{100 + crowd.home[n]}号1单元{101 + n % 3}室"
    return Person(
        name, bool(crowd.male[n]), str(crowd.birth[n]), str(crowd.number[n]), place,
        str(crowd.mobile[n]),
    )  # fmt: skip


def _enter(life: Life, person: Person, day: int, rng: np.random.Generator) -> None:
    place = len(life.people)
    life.people.append(person)
    for source, share in _COVERED.items():
        if rng.random() < share:
            key = (source, f"{place:06d}")
            life.whose[key], life.since[key] = place, day
            filed = person if rng.random() >= _NO_NUMBER[source] else replace(person, number="")
            life.known[key] = filed
            if source != POLICE and rng.random() < 0.03:
                life.mistyped[key] = filed
                life.known[key] = _mistyped(filed, rng)


def _mistyped(person: Person, rng: np.random.Generator) -> Person:
    """A day of birth, or a character, that was taken down wrongly."""
    if rng.random() < 0.5:
        day = int(person.birth[8:]) % 28 + 1
        return replace(person, birth=f"{person.birth[:8]}{day:02d}")
    return replace(person, name=person.name[:-1] + "伟红明"[int(rng.integers(3))])


def live(life: Life, coming: Iterator[Person], day: int) -> None:
    """One working day."""
    rng = np.random.default_rng([life.seed, 92, day])
    thousands = len(life.people) / 1000
    _deliver_late(life, day)
    for kind, often in _A_DAY.items():
        for _ in range(int(rng.poisson(often * thousands))):
            _happen(life, kind, coming, day, rng)
    for _ in range(int(rng.poisson(_CORRECTED * thousands))):
        if life.mistyped:
            key = sorted(life.mistyped)[int(rng.integers(len(life.mistyped)))]
            _told(life, key, life.mistyped.pop(key))
            _count(life, "corrected")
    if day % _QUARTER == _QUARTER // 2:
        _send_wrongly(life, (INSURANCE, HOSPITAL)[(day // _QUARTER) % 2], rng)
    if life.shifted and day % _QUARTER == _QUARTER // 2 + _WEEK:
        life.shifted.clear()


def _count(life: Life, kind: str) -> None:
    life.happened[kind] = life.happened.get(kind, 0) + 1


def _happen(
    life: Life, kind: str, coming: Iterator[Person], day: int, rng: np.random.Generator
) -> None:
    _count(life, kind)
    if kind == "new":
        _enter(life, next(coming), day, rng)
        return
    place = int(rng.integers(len(life.people)))
    person = life.people[place]
    if kind == "died":
        gone = (HOSPITAL, f"{place:06d}")
        life.pending.append((day + _HALF_YEAR, gone, None))
        return
    life.people[place] = changed = _changed(person, kind, place, day, rng)
    for source in _COVERED:
        key = (source, f"{place:06d}")
        if key not in life.known or (source != POLICE and rng.random() < _NEVER_HEARD):
            continue
        delay = 0 if source == POLICE else int(rng.integers(1, _LATEST))
        filed = changed if life.known[key].number else replace(changed, number="")
        life.pending.append((day + delay, key, filed))


def _changed(person: Person, kind: str, place: int, day: int, rng: np.random.Generator) -> Person:
    if kind == "moved":
        mobile = person.mobile if rng.random() < 0.5 else str(14_300_000_000 + place * 1000 + day)
        return replace(person, address=f"东江市河阳区新华路{place + day * 7}号2单元{day}室",
                       mobile=mobile)  # fmt: skip
    if kind == "renamed":
        return replace(person, name=person.name[0] + "佳乐安宁"[int(rng.integers(4))])
    sequence = np.array([200 + 2 * int(rng.integers(300)) + person.male])
    birth = np.array([person.birth], dtype="datetime64[D]")
    number = citizen_number(REGIONS[:1], birth, sequence)
    return replace(person, number=str(number[0]))


def _deliver_late(life: Life, day: int) -> None:
    due = [item for item in life.pending if item[0] <= day]
    life.pending = [item for item in life.pending if item[0] > day]
    for _, key, filed in due:
        if filed is None:
            for table in (life.known, life.whose, life.since, life.mistyped):
                table.pop(key, None)
        elif key in life.known:
            _told(life, key, filed)


def _told(life: Life, key: Key, filed: Person) -> None:
    life.known[key] = filed
    life.mistyped.pop(key, None)


def _send_wrongly(life: Life, source: str, rng: np.random.Generator) -> None:
    _count(life, "wrong_delivery")
    keys = sorted(key for key in life.known if key[0] == source)
    for at in range(len(keys) - 1):
        if rng.random() < 1 / _SHIFTED:
            life.shifted[keys[at]] = keys[at + 1]


def rows(life: Life) -> list[dict[str, object]]:
    """The records of all departments as they stand today, as ``library_records`` has them."""
    return [_row(life, key, person) for key, person in sorted(life.known.items())]


def _row(life: Life, key: Key, person: Person) -> dict[str, object]:
    below = life.known.get(life.shifted.get(key, key), person)
    number = below.number
    implied = {}
    if number:
        implied = {
            "citizen_id": number,
            "citizen_id_birth_date": f"{number[6:10]}-{number[10:12]}-{number[12:14]}",
            "citizen_id_sex_code": "1" if int(number[16]) % 2 else "2",
        }
    batch = str(np.datetime64("2026-01-01") + life.since[key]).replace("-", "")
    return {
        "source": key[0], "source_key": key[1], "since_batch": batch, "batch": batch,
        "person_name": below.name, "person_name_key": below.name.replace("·", ""),
        "birth_date": person.birth, "sex_code": "1" if person.male else "2",
        "residence_address": person.address,
        "mobile": None if key[0] == POLICE else person.mobile, **implied,
    }  # fmt: skip
