"""Ending a day at ``land`` changes no result: the law, and what the operator and owner see."""

import random
from datetime import timedelta

import pytest
from two_cities import FIRST_DAY, SOURCES, City, changed, person

from pipelines.flows.verify import verify

POLICE, CHANGES = SOURCES


def both(cities: tuple[City, City], do) -> None:
    """Let the same happen in both, and compare everything."""
    for city in cities:
        do(city)
    one, other = (city.facts() for city in cities)
    assert one.keys() == other.keys()
    for table, rows in one.items():
        assert rows == other[table], table


def day(number: int) -> str:
    return (FIRST_DAY + timedelta(days=number)).strftime("%Y%m%d")


class Life:
    """What departments hold, and a random day of theirs."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.today = 0
        self.register = [person(number) for number in range(1, 13)]
        self.changes = [person(3), person(20)]
        self.version = 0

    def deliver(self, city: City, batch: str) -> None:
        """Both files of a day; nobody delivers anything else than what is held."""
        city.deliver(POLICE, batch, self.register)
        city.deliver(CHANGES, batch, self.changes)

    def next_day(self) -> str:
        """Move on; what is held changes, or not, or only its order."""
        rng = self.rng
        self.today += rng.choice((1, 1, 7, 20))
        today = FIRST_DAY + timedelta(days=self.today)
        held = [self.register, self.changes]
        for rows in rng.sample(held, rng.choice((0, 0, 1, 2))):
            at = rng.randrange(len(rows))
            match rng.choice(("change", "change", "delete", "shuffle")):
                case "change":
                    rows[at] = changed(rows[at], rng, today)
                case "delete" if len(rows) > 2:
                    del rows[at]
                case "shuffle":
                    rng.shuffle(rows)
        return day(self.today)

    def live(self, cities: tuple[City, City]) -> None:
        """One event: mostly a day, else a late batch, a repeat, a new contract, an answer."""
        rng = self.rng
        event = rng.choice(("day", "day", "day", "late", "repeat", "contract", "answer"))
        if event == "late" and self.today > 3:
            batch = f"{day(self.today - rng.randint(1, 3))}-late{self.today}"
            rows = [changed(row, rng, FIRST_DAY) for row in self.changes[:1]]
            source = rng.choice((POLICE, CHANGES))
            both(
                cities, lambda city: (city.deliver(source, batch, rows), city.run(batch, [source]))
            )
            return
        if event == "answer":
            value, at = f"1370000{rng.randint(1000, 9999)}", rng.random()
            for city in cities:
                city.correct(POLICE, lambda found: found[int(at * len(found))], value)
        if event == "contract":
            self.version += 1
            for city in cities:
                city.write_contract(POLICE, f"1.{self.version}.0")
        batch = day(self.today) if event == "repeat" else self.next_day()
        both(cities, lambda city: (self.deliver(city, batch), city.run(batch)))


@pytest.mark.parametrize(
    ("seed", "events"),
    [(1, 1), *(pytest.param(n, 25, marks=pytest.mark.slow) for n in range(2, 8))],
)
def test_a_day_that_ends_early_comes_to_what_a_whole_one_comes_to(new_city, seed, events):
    cities = (new_city("short"), new_city("whole", always_rebuild=True))
    life = Life(seed)
    both(cities, lambda city: (life.deliver(city, day(0)), city.run(day(0))))
    both(cities, lambda city: (life.deliver(city, day(1)), city.run(day(1))))
    life.today = 1
    for _ in range(events):
        life.live(cities)
    assert {POLICE, CHANGES} <= set(cities[0].ended), "both sources had days that ended early"
    assert cities[1].ended == []
    (verified,) = verify(cities[0].settings)
    assert verified.entities
