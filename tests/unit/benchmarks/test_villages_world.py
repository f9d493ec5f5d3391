"""The world ``villages``: one surname, places down to the group, people called by other names."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.identity.world.codepoints import to_texts
from benchmarks.identity.world.harsher.village_files import (
    VILLAGE_SLIPS,
    VILLAGE_TAGS,
    villages_files,
)
from benchmarks.identity.world.harsher.villages import make_villages

PERSONS = 3_000
POLICE, INSURANCE, ALLOWANCES, HOSPITAL, ROLLS, PARCELS = range(6)


@pytest.fixture(scope="module")
def villages():
    return make_villages(PERSONS, 7)


@pytest.fixture(scope="module")
def files():
    return list(villages_files(PERSONS, 7))


def has(file, tag):
    return (file.bits >> VILLAGE_TAGS.index(tag)) & 1 == 1


def test_the_same_seed_makes_the_same_files(files):
    for one, again in zip(files, villages_files(PERSONS, 7), strict=True):
        assert all((one.columns[c] == again.columns[c]).all() for c in one.columns)
        assert (one.entity == again.entity).all()
        assert (one.bits == again.bits).all()


def test_half_live_in_villages_of_one_surname(villages):
    people = villages.people
    assert 0.4 < villages.rural.mean() < 0.6
    names = to_texts(people.name)
    village = villages.village[people.home]
    plain = ~people.traits["dotted_name"]
    shares = []
    for each in np.unique(village[village >= 0]):
        surnames = Counter(name[0] for name in names[(village == each) & plain])
        if sum(surnames.values()) > 100:
            shares.append(surnames.most_common(1)[0][1] / sum(surnames.values()))
    assert len(shares) >= 3
    assert min(shares) > 0.35


def test_three_files_have_no_numbers(files):
    for place in (HOSPITAL, ROLLS, PARCELS):
        assert "number" not in files[place].columns
    assert "birth" not in files[PARCELS].columns


def test_letters_stand_for_the_digits_that_they_look_like(villages, files):
    alike = str.maketrans("OlZSB", "01258")
    damaged = has(files[INSURANCE], "letters_in_number")
    own = villages.people.number[files[INSURANCE].entity][damaged]
    written = files[INSURANCE].columns["number"][damaged]
    assert len(written) > 10
    given = written != ""
    assert [text.translate(alike) for text in written[given]] == own[given].tolist()
    assert all(text.translate(alike) != text for text in written[given])


def test_a_village_roll_ends_at_the_group(files):
    addresses = files[ROLLS].columns["address"][files[ROLLS].groups["place"] == "group"]
    assert len(addresses) > 300
    assert {text[-1] for text in addresses} <= set("组队社")


@pytest.mark.parametrize("tag", ["home_name", "form_of_address", "lunar_date"])
def test_slips_are_as_frequent_as_declared(villages, files, tag):
    people = villages.people
    for file, share in zip(files, VILLAGE_SLIPS[tag].shares, strict=True):
        dotted = people.traits["dotted_name"] | people.traits["long_name"]
        may = {"form_of_address": ~dotted, "lunar_date": people.birth < np.datetime64("1980")}
        among = may.get(tag, np.ones(PERSONS, dtype=bool))[file.entity].sum()
        got, wanted = has(file, tag).sum(), share * among
        assert abs(got - wanted) <= 4 * np.sqrt(wanted) + 3
