"""The whole city on the day of a batch: its people, organisations and what happens in a day."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from pipelines.demo.rates import EVENT_SHARE, INSURED_AFTER_DEATH
from pipelines.demo.text import Bools, Ints
from pipelines.demo.world.firms import Firms, Kind, Status, make_firms
from pipelines.demo.world.licenses import Licenses, make_licenses
from pipelines.demo.world.people import NEWBORN_DAYS, YEAR, People, make_people
from pipelines.demo.world.today import EPOCH, day_of, first_batch, today
from pipelines.errors import DemoBatchTooEarly


@dataclass(frozen=True)
class Events:
    """Deaths and moves that the police recorded in a batch; one row per event."""

    person: Ints
    death: Ints  # day of death, or -1
    moved_on: Ints  # day of the move, or -1
    household: Ints  # where the person lives then
    first_number: int  # serial number of the first event


@dataclass(frozen=True)
class City:
    """People and organisations are those of the first batch; ``day`` is the day of this batch."""

    seed: int
    batch: str
    day: int
    people: People
    firms: Firms

    def rng(self, *words: int) -> np.random.Generator:
        """A generator of its own for each purpose, so that one change does not move all others."""
        return np.random.default_rng([self.seed, *words])

    @property
    def is_first(self) -> bool:
        """Whether this is the first, full delivery."""
        return self.day == today()

    @cached_property
    def employer(self) -> Ints:
        """For each person the row of the organisation he works for, or -1."""
        people, firms = self.people, self.firms
        rng = self.rng(3)
        hiring = np.flatnonzero((firms.status == Status.OPEN) & (firms.kind != Kind.BUSINESS))
        size = rng.pareto(1.2, len(hiring)) + 1
        chosen = rng.choice(hiring, len(people), p=size / size.sum())
        age = people.age()
        works = (age >= 22) & (age < 61) & people.alive() & (rng.random(len(people)) < 0.8)
        return np.where(works | self.insured_after_death, chosen, -1)

    @cached_property
    def insured_after_death(self) -> Bools:
        """Whose account nobody has closed, though the police know of the death."""
        people = self.people
        age = (people.death - people.birth) / YEAR
        working = (age >= 22) & (age < 61) & people.local & (people.death >= 0)
        lately = people.death < today() - 60
        return working & lately & (self.rng(7).random(len(people)) < INSURED_AFTER_DEATH)

    @cached_property
    def school(self) -> Ints:
        """For each pupil the row of the school, or -1; schools are every tenth institution."""
        firms, people = self.firms, self.people
        institutions = firms.rows(Kind.INSTITUTION)
        index = np.arange(len(institutions)) % 10
        age = people.age()
        chosen = np.full(len(people), -1)
        for kind, low, high in ((2, 3, 6), (1, 6, 12), (0, 12, 18)):
            schools = institutions[index == kind]
            here = np.flatnonzero((age >= low) & (age < high) & people.alive())
            chosen[here] = self.rng(4, kind).choice(schools, len(here))
        return chosen

    @cached_property
    def licenses(self) -> Licenses:
        """All licences that the four departments have issued."""
        return make_licenses(self.rng(6), self.people, self.firms)

    @cached_property
    def newborn(self) -> Ints:
        """Rows of children who are registered only after the first batch."""
        return np.flatnonzero(self.people.local & (self.people.birth > today() - NEWBORN_DAYS))

    @cached_property
    def events(self) -> Events:
        """All of the last years in the first batch, those of one day in a later one."""
        people = self.people
        if self.is_first:
            who = np.flatnonzero(people.local & ((people.death >= 0) | (people.moved_on >= 0)))
            return Events(who, people.death[who], people.moved_on[who], people.household[who], 1)
        rng = self.rng(5, self.day)
        staying = np.flatnonzero(people.local & people.alive() & (people.moved_on < 0))
        count = max(6, round(len(people) * EVENT_SHARE))
        who = np.sort(rng.choice(staying, min(count, len(staying)), replace=False))
        dies = (rng.random(len(who)) < 0.4) | (people.age()[who] > 80)
        dies &= people.age()[who] > 30
        yesterday = self.day - 1
        homes = rng.integers(0, len(people.homes.county), len(who))
        return Events(
            person=who,
            death=np.where(dies, yesterday, -1).astype(np.int32),
            moved_on=np.where(dies, -1, yesterday).astype(np.int32),
            household=np.where(dies, people.household[who], homes),
            first_number=(self.day - today()) * 1_000_000_000 + 1,
        )

    @cached_property
    def home(self) -> Ints:
        """For each person the row of the home on the day of the batch."""
        home = self.people.household.copy()
        if not self.is_first:
            home[self.events.person] = self.events.household
        return home


def make_city(persons: int, seed: int, batch: str) -> City:
    """Invent the city as it is on the day of a batch.

    Raises:
        BadBatchId: the batch id does not begin with a date.
        DemoBatchTooEarly: the batch is from before the city's first delivery.
    """
    day = day_of(batch)
    if day < today():
        raise DemoBatchTooEarly(batch, first_batch())
    people = make_people(np.random.default_rng([seed, 1]), persons)
    firms = make_firms(np.random.default_rng([seed, 2]), people)
    return City(seed, batch, day, people, firms)


def written(day: int, form: str) -> str:
    """One day, given as days since 1970-01-01, as text."""
    return date.fromordinal(day + EPOCH.toordinal()).strftime(form)
