"""Contradictions between departments, planted in clean deliveries, and which records carry them.

A plant changes a few records so that one rule of ``pipelines/quality/contradiction`` is broken and
nothing else; the rates stand in ``rates.py``. Dirt falls on them afterwards like on all others, so
a few cannot be seen any more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.demo.dirt.choose import put
from pipelines.demo.rates import CONTRADICTIONS
from pipelines.demo.text import Bools, Ints, choose, day_text, join
from pipelines.demo.world.city import City
from pipelines.demo.world.firms import Kind, Status
from pipelines.demo.world.licenses import TYPES
from pipelines.demo.world.people import YEAR, married_since
from pipelines.demo.world.today import today

_LONG_AGO = 60  # days; what happened later may not have been noticed yet

Columns = Mapping[str, pa.Array]
Changed = tuple[dict[str, pa.Array], Ints]  # all columns; which of the rows now contradict


@dataclass(frozen=True)
class Plant:
    """How one rule comes to be broken in one feed."""

    rule: str
    possible: Callable[[City, Ints], Bools]  # which of the delivered rows can carry it
    # City, rows, columns, places of the chosen rows, chance -> columns, places that contradict.
    change: Callable[[City, Ints, Columns, Ints, np.random.Generator], Changed]
    always: bool = False  # every row that can carry it does


def plant(
    plants: Sequence[Plant], city: City, rows: Ints, columns: Columns, rng: np.random.Generator
) -> tuple[dict[str, pa.Array], Mapping[str, Ints]]:
    """Columns with contradictions, and by rule the places of the records that carry them.

    A record is changed by one plant at most.
    """
    changed, carried, free = dict(columns), {}, np.ones(len(rows), bool)
    for each in plants:
        share = 1.0 if each.always else CONTRADICTIONS[each.rule].share
        chance = rng.random(len(rows)) < share
        chosen = np.flatnonzero(each.possible(city, rows) & chance & free)
        if len(chosen):
            changed, places = each.change(city, rows, changed, chosen, rng)
            carried[each.rule] = places
            free[chosen] = free[places] = False
    return changed, carried


def _with(columns: Columns, places: Ints, **values: pa.Array | str) -> dict[str, pa.Array]:
    """The columns with values put in; a text goes to every place."""
    changed = dict(columns)
    for name, texts in values.items():
        given = pa.array([texts] * len(places), pa.string()) if isinstance(texts, str) else texts
        order = np.argsort(places)
        changed[name] = put(changed[name], places[order], given.take(pa.array(order)))
    return changed


def _between(rng: np.random.Generator, low: Ints, high: int) -> Ints:
    """A day after ``low`` and not after ``high`` for each."""
    room = np.maximum(high - low, 1)
    return np.minimum(low + 1 + (rng.random(len(low)) * room).astype(np.int64), high)


# ---- organisations ----


def _dead_adults(city: City) -> Ints:
    """Who died some time ago, and whose death the police know."""
    people = city.people
    died = people.local & (people.death >= 0) & (people.death < today() - _LONG_AGO)
    return np.flatnonzero(died & (people.death - people.birth > 25 * YEAR))


def _open(city: City, rows: Ints) -> Bools:
    living: Bools = city.firms.status[rows] == Status.OPEN
    return living & (len(_dead_adults(city)) > 0)


def _led_by_the_dead(
    city: City, _rows: Ints, columns: Columns, chosen: Ints, rng: np.random.Generator
) -> Changed:
    who = pa.array(rng.choice(_dead_adults(city), len(chosen)))
    people = city.people
    return _with(
        columns,
        chosen,
        法定代表人=people.name.take(who),
        法定代表人证件号码=people.citizen_id.take(who),
    ), chosen


def _number_of_another(
    city: City, _rows: Ints, columns: Columns, chosen: Ints, rng: np.random.Generator
) -> Changed:
    """Somebody of another surname, whom the police know."""
    people = city.people
    others = rng.choice(np.flatnonzero(people.local & people.alive()), len(chosen))
    theirs = people.name.take(pa.array(others))
    ours = columns["法定代表人"].take(pa.array(chosen))
    different = pc.not_equal(
        pc.utf8_slice_codeunits(ours, 0, 1), pc.utf8_slice_codeunits(theirs, 0, 1)
    )
    keep = np.flatnonzero(different.to_numpy(zero_copy_only=False))
    numbers = people.citizen_id.take(pa.array(others[keep]))
    return _with(columns, chosen[keep], 法定代表人证件号码=numbers), chosen[keep]


def _cancelled_long_ago(city: City, rows: Ints) -> Bools:
    firms = city.firms
    closed = (firms.closed[rows] >= 0) & (firms.closed[rows] < today() - 2 * _LONG_AGO)
    return closed & (firms.kind[rows] >= Kind.COMPANY)


def _still_active(status: str, changed_at: str) -> Plant:
    def change(
        city: City, rows: Ints, columns: Columns, chosen: Ints, rng: np.random.Generator
    ) -> Changed:
        day = _between(rng, city.firms.closed[rows[chosen]] + _LONG_AGO, today() - 1)
        values = {status: "正常", changed_at: join(day_text(day, "%Y-%m-%d"), " 09:00:00")}
        return _with(columns, chosen, **values), chosen

    return Plant("ACTIVE_AFTER_CANCELLATION", _cancelled_long_ago, change)


ENTERPRISES = (
    Plant("LEGAL_REPRESENTATIVE_DECEASED", _open, _led_by_the_dead),
    Plant("LEGAL_REPRESENTATIVE_NUMBER_OF_ANOTHER", _open, _number_of_another),
)
TAXPAYERS = (_still_active("NSRZT", "XGRQ"),)
INSURED_UNITS = (_still_active("单位状态", "更新时间"),)


# ---- persons ----


def _wed_on(
    city: City, who: Ints, columns: Columns, chosen: Ints, day: Ints
) -> tuple[dict[str, pa.Array], Ints, Ints]:
    """Both parties' records get the day; where the partner's is not here, neither does."""
    place = {int(person): at for at, person in enumerate(who)}
    partner = np.array([place.get(int(p), -1) for p in city.people.spouse[who[chosen]]])
    here = partner >= 0
    places, days = np.concatenate([chosen[here], partner[here]]), np.tile(day[here], 2)
    places, first = np.unique(places, return_index=True)
    days = days[first]
    changed = _with(columns, places, 登记日期=day_text(days, "%Y-%m-%d"))
    return changed, places, days


def _wed_too_young(
    city: City, who: Ints, columns: Columns, chosen: Ints, rng: np.random.Generator
) -> Changed:
    people = city.people
    born = people.birth[who[chosen]]
    day = born + (rng.uniform(18.5, 19.5, len(chosen)) * YEAR).astype(np.int64)
    changed, places, days = _wed_on(city, who, columns, chosen, day)
    age = (days - people.birth[who[places]]) / YEAR
    young = age < np.where(people.male[who[places]], 21.9, 19.9)
    return changed, places[young]


def _wed_after_death(
    city: City, who: Ints, columns: Columns, chosen: Ints, rng: np.random.Generator
) -> Changed:
    people = city.people
    day = _between(rng, people.death[who[chosen]], today() - 2)
    changed, places, days = _wed_on(city, who, columns, chosen, day)
    dead = people.local[who[places]] & (people.death[who[places]] >= 0)
    return changed, places[dead & (days > people.death[who[places]])]


def _insured_after_death(
    city: City, who: Ints, columns: Columns, chosen: Ints, rng: np.random.Generator
) -> Changed:
    day = _between(rng, city.people.death[who[chosen]] + _LONG_AGO // 2 + 1, today() - 1)
    when = join(day_text(day, "%Y-%m-%d"), " 09:00:00")
    return _with(columns, chosen, 经办时间=when), chosen


def _dead_before_the_wedding(
    city: City, who: Ints, columns: Columns, chosen: Ints, rng: np.random.Generator
) -> Changed:
    day = city.people.married_on[who[chosen]] - rng.integers(30, 200, len(chosen))
    return _with(columns, chosen, SWRQ=day_text(day)), chosen


def _local_and_dead(city: City, who: Ints) -> Bools:
    people = city.people
    return people.local[who] & (people.death[who] >= 0) & (people.death[who] < today() - _LONG_AGO)


def _married_lately(city: City, who: Ints) -> Bools:
    people = city.people
    lately = people.married_on[who] >= max(married_since(), today() - 900)
    return people.alive()[who] & lately & (people.spouse[who] >= 0)


MARRIAGES = (
    Plant("EVENT_AFTER_DEATH", _local_and_dead, _wed_after_death),
    Plant("MARRIED_UNDER_AGE", lambda city, who: city.people.alive()[who], _wed_too_young),
)
# Whoever is insured after death is so in the city itself; here he only gets his entry.
INSURED = (Plant("EVENT_AFTER_DEATH", _local_and_dead, _insured_after_death, always=True),)
MEDICAL_RECORDS = (Plant("DEATH_DOUBTFUL", _married_lately, _dead_before_the_wedding),)


# ---- licences ----


def license_plants(names: Mapping[str, str], valid: str, form: str) -> Sequence[Plant]:
    """What can be wrong with the licences of a department.

    Args:
        names: Golden column to physical column.
        valid: The department's word for a licence in force.
        form: How it writes dates.
    """

    def in_force(_: City, __: Ints, columns: Columns, chosen: Ints, ___: object) -> Changed:
        return _with(columns, chosen, **{names["license_status"]: valid}), chosen

    def issued(day: Callable[[City, Ints, np.random.Generator], Ints]) -> Callable[..., Changed]:
        def change(
            city: City, rows: Ints, columns: Columns, chosen: Ints, rng: np.random.Generator
        ) -> Changed:
            text = day_text(day(city, rows[chosen], rng), form)
            return _with(columns, chosen, **{names["issue_date"]: text}), chosen

        return change

    def renamed(
        city: City, rows: Ints, columns: Columns, chosen: Ints, rng: np.random.Generator
    ) -> Changed:
        texts = _other_names(city, rows[chosen], rng)
        ours = columns[names["holder_name"]].take(pa.array(chosen))
        keep = np.flatnonzero(_unlike(ours, texts))
        values = {names["holder_name"]: texts.take(pa.array(keep))}
        return _with(columns, chosen[keep], **values), chosen[keep]

    def doubled(
        city: City, rows: Ints, columns: Columns, chosen: Ints, _: np.random.Generator
    ) -> Changed:
        return _doubled(city, rows, columns, chosen, names["license_number"])

    return (
        Plant("LICENSE_OF_CLOSED_ORGANIZATION", _of_closed, in_force),
        Plant("LICENSE_OF_DECEASED", _of_deceased, in_force),
        Plant("LICENSE_EXPIRED_BUT_VALID", _expired, in_force),
        Plant("LICENSE_BEFORE_HOLDER", _of_firm, issued(_day_before_founding)),
        Plant("LICENSE_AFTER_HOLDER", _of_ended, issued(_day_after_end)),
        Plant("LICENSE_HOLDER_NAME", lambda city, rows: city.licenses.is_latest[rows], renamed),
        Plant("LICENSE_OF_TWO_HOLDERS", _numbered_and_live, doubled),
    )


def _term_runs(city: City, rows: Ints) -> Bools:
    until = city.licenses.valid_to[rows]
    runs: Bools = ((until < 0) | (until >= today())) & city.licenses.is_latest[rows]
    return runs


def _closed(city: City, rows: Ints) -> Bools:
    """Of an organisation that was revoked, or cancelled some time ago."""
    firms, firm = city.firms, city.licenses.firm[rows]
    gone = (firms.status[firm] == Status.CLOSED) & (firms.closed[firm] < today() - _LONG_AGO)
    closed: Bools = gone | (firms.status[firm] == Status.REVOKED)
    return closed & (firm >= 0)


def _deceased(city: City, rows: Ints) -> Bools:
    person = city.licenses.person[rows]
    return (person >= 0) & _local_and_dead(city, person)


def _of_closed(city: City, rows: Ints) -> Bools:
    return _term_runs(city, rows) & _closed(city, rows)


def _of_deceased(city: City, rows: Ints) -> Bools:
    return _term_runs(city, rows) & _deceased(city, rows)


def _expired(city: City, rows: Ints) -> Bools:
    licenses = city.licenses
    past = (licenses.valid_to[rows] >= 0) & (licenses.valid_to[rows] < today())
    return licenses.is_latest[rows] & past & ~licenses.cancelled[rows]


def _of_firm(city: City, rows: Ints) -> Bools:
    return city.licenses.is_latest[rows] & (city.licenses.firm[rows] >= 0)


def _of_ended(city: City, rows: Ints) -> Bools:
    firms, firm = city.firms, city.licenses.firm[rows]
    cancelled = (firm >= 0) & (firms.closed[firm] >= 0) & (firms.closed[firm] < today() - _LONG_AGO)
    return city.licenses.is_latest[rows] & (cancelled | _deceased(city, rows))


def _day_before_founding(city: City, rows: Ints, rng: np.random.Generator) -> Ints:
    founded: Ints = city.firms.founded[city.licenses.firm[rows]]
    return founded - rng.integers(30, 900, len(rows))


def _day_after_end(city: City, rows: Ints, rng: np.random.Generator) -> Ints:
    firm, person = city.licenses.firm[rows], city.licenses.person[rows]
    end = np.where(firm >= 0, city.firms.closed[firm], city.people.death[person])
    return _between(rng, end, today() - 2)


def _other_names(city: City, rows: Ints, rng: np.random.Generator) -> pa.Array:
    """Names of other persons for licences of persons, of other organisations for the rest."""
    persons = city.people.name.take(pa.array(rng.integers(0, len(city.people), len(rows))))
    firms = city.firms.name.take(pa.array(rng.integers(0, len(city.firms), len(rows))))
    return choose(city.licenses.person[rows] >= 0, persons, firms)


def _unlike(ours: pa.Array, theirs: pa.Array) -> Bools:
    """Pairs of names that nobody takes for one: two characters of either are not in the other."""
    pairs = zip(ours.to_pylist(), theirs.to_pylist(), strict=True)
    return np.array([min(len(set(a) - set(b)), len(set(b) - set(a))) >= 2 for a, b in pairs], bool)


def _numbered_and_live(city: City, rows: Ints) -> Bools:
    """In force, and of a type that has numbers of its own."""
    own = np.array([bool(kind.prefix) for kind in TYPES])[city.licenses.kind[rows]]
    live: Bools = own & ~city.licenses.cancelled[rows]
    return live & _term_runs(city, rows)


def _doubled(city: City, rows: Ints, columns: Columns, chosen: Ints, number: str) -> Changed:
    """Each chosen licence gets the number of the next one of its type in force."""
    live = np.flatnonzero(_numbered_and_live(city, rows))
    kind = city.licenses.kind[rows]
    given, source = [], []
    taken = set(chosen.tolist())
    for place in chosen.tolist():
        others = live[(kind[live] == kind[place]) & (live > place)]
        other = next(
            (int(o) for o in others if int(o) not in taken and _differ(city, rows, place, int(o))),
            None,
        )
        if other is not None:
            taken.add(other)
            given.append(place)
            source.append(other)
    texts = columns[number].take(pa.array(source, pa.int64()))
    places = np.array(given, np.int64)
    return _with(columns, places, **{number: texts}), np.array(sorted(given + source), np.int64)


def _differ(city: City, rows: Ints, one: int, other: int) -> bool:
    licenses = city.licenses
    holder = (licenses.person[rows], licenses.firm[rows])
    return any(column[one] != column[other] for column in holder)
