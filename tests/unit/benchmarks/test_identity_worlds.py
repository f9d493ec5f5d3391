"""The worlds of the identity benchmark: repeatable, as difficult as declared, rightly labelled."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from benchmarks.identity.world.codepoints import to_texts
from benchmarks.identity.world.firm_files import firm_files
from benchmarks.identity.world.firms import make_firms
from benchmarks.identity.world.lunar import as_solar
from benchmarks.identity.world.people import make_people
from benchmarks.identity.world.person_files import person_files
from benchmarks.identity.world.planted import FIRM_TAGS, PERSON_TAGS
from benchmarks.identity.world.rates import FIRM_SLIPS, FIRM_TRAITS, PERSON_SLIPS, PERSON_TRAITS

PERSONS, FIRMS = 20_000, 4_000


@pytest.fixture(scope="module")
def people():
    return make_people(PERSONS, 7)


@pytest.fixture(scope="module")
def files(people):
    return list(person_files(people))


@pytest.fixture(scope="module")
def firms():
    return make_firms(FIRMS, 7)


@pytest.fixture(scope="module")
def filed(firms):
    return list(firm_files(firms))


def has(file, tag, tags=PERSON_TAGS):
    return (file.bits >> tags.index(tag)) & 1 == 1


def citizen_id_is_valid(text):
    """GB 11643, written out: sum of 2**(18-i) times digit, mod 11, is 1."""
    total = sum(2 ** (17 - place) * int(digit) for place, digit in enumerate(text[:17]))
    return (total + (10 if text[17] == "X" else int(text[17]))) % 11 == 1


def test_the_same_seed_makes_the_same_files_and_another_one_others(people, files):
    again = list(person_files(make_people(PERSONS, 7)))
    other = next(person_files(make_people(PERSONS, 8)))
    for one, two in zip(files, again, strict=True):
        assert (one.entity == two.entity).all()
        assert (one.bits == two.bits).all()
        for column, texts in one.columns.items():
            assert (texts == two.columns[column]).all(), column
    assert (files[0].columns["name"][:100] != other.columns["name"][:100]).any()


def test_firms_are_repeatable(firms, filed):
    for one, two in zip(filed, firm_files(make_firms(FIRMS, 7)), strict=True):
        assert (one.entity == two.entity).all()
        assert all((texts == two.columns[c]).all() for c, texts in one.columns.items())


def test_every_number_is_valid_and_says_birth_and_sex(people):
    numbers = people.number.tolist()
    assert [text for text in numbers if not citizen_id_is_valid(text)] == []
    male = np.array([int(text[16]) % 2 == 1 for text in numbers])
    assert (male == people.male).all()
    born = [str(day).replace("-", "") for day in people.birth]
    assert [text[6:14] for text in numbers] == born


def test_a_number_is_one_persons_unless_it_was_given_twice(people):
    holders = Counter(people.number.tolist())
    twice = {number for number, count in holders.items() if count > 1}
    shared = people.traits["shared_number"]
    assert all(shared[place] for place, n in enumerate(people.number) if n in twice)
    assert max(holders.values()) == 2


def test_twins_share_surname_birthday_and_the_beginning_of_the_number(people):
    twins = np.flatnonzero(people.traits["twin"])
    names = to_texts(people.name)
    born = defaultdict(list)
    for place in twins:
        born[people.birth[place], people.number[place][:6], people.name[place, 0]].append(place)
    pairs = [places for places in born.values() if len(places) == 2]
    plain = ~people.traits["dotted_name"]
    assert len(pairs) > 0.3 * len(twins)
    for one, other in pairs:
        if plain[one] and plain[other]:
            assert names[one] != names[other]
    close = [
        abs(int(people.number[one][14:17]) - int(people.number[other][14:17]))
        for one, other in pairs
    ]
    assert sum(gap <= 3 for gap in close) > 0.95 * len(close)


def test_namesakes_share_name_and_birthday_and_not_the_number(people):
    places = np.flatnonzero(people.traits["namesake"])
    groups = defaultdict(list)
    for place in places:
        groups[to_texts(people.name[place : place + 1])[0], people.birth[place]].append(place)
    for members in groups.values():
        assert len(members) >= 2
        assert len({people.number[m] for m in members}) == len(members)


@pytest.mark.parametrize("trait", sorted(PERSON_TRAITS))
def test_traits_are_as_frequent_as_declared(people, trait):
    share = people.traits[trait].mean()
    declared = PERSON_TRAITS[trait].share
    born_since = 0.3 if trait == "rare_character" else 0.6  # given to the young only
    assert born_since * declared <= share <= 1.6 * declared + 0.001


@pytest.mark.parametrize("department", range(5))
def test_slips_are_as_frequent_as_declared(files, department):
    everywhere = ("no_number", "placeholder_number", "masked_number", "no_sex", "no_address",
                  "wrong_sex", "bare_address", "strangers_number")  # fmt: skip
    records = len(files[department].entity)
    unregistered = has(files[department], "unregistered")
    for tag in everywhere:
        declared = PERSON_SLIPS[tag].shares[department]
        marked = has(files[department], tag) & ~unregistered
        allowed = 4 * np.sqrt(declared * records) + 4
        assert abs(marked.sum() - declared * records) <= allowed, tag


def test_a_record_says_what_its_person_is_unless_something_was_planted(people, files):
    spoiled = [tag for tag in PERSON_SLIPS if tag.endswith(("_number", "_digits"))]
    for file in files:
        clean = np.ones(len(file.entity), dtype=bool)
        for tag in spoiled:
            clean &= ~has(file, tag)
        assert (file.columns["number"][clean] == people.number[file.entity[clean]]).all()
        named = np.ones(len(file.entity), dtype=bool)
        for tag in ("homophone", "look_alike", "traditional", "lost_character", "dot_form",
                    "abbreviated", "other_transliteration", "former_name"):  # fmt: skip
            named &= ~has(file, tag)
        names = to_texts(people.name)[file.entity]
        assert (file.columns["name"][named] == names[named]).all()


def test_somebody_elses_number_is_valid_and_somebody_elses(people, files):
    everybody = set(people.number.tolist())
    for file in files:
        for tag in ("strangers_number", "relatives_number", "clerks_number"):
            rows = has(file, tag) & ~has(file, "no_number")
            for number, entity in zip(file.columns["number"][rows], file.entity[rows], strict=True):
                assert number in everybody
                assert number != people.number[entity] or tag == "clerks_number"


def test_the_unregistered_have_two_records_and_no_number(people, files):
    count, numbers = Counter(), []
    for file in files:
        rows = people.traits["unregistered"][file.entity]
        count.update(file.entity[rows].tolist())
        numbers += file.columns["number"][rows].tolist()
    assert set(numbers) == {""}
    assert set(count.values()) <= {2, 3}
    assert not people.traits["unregistered"][files[0].entity].any()


def test_keys_are_unique_and_tell_nothing(files, filed):
    for file in (*files, *filed):
        keys = file.columns["key"]
        assert len(set(keys.tolist())) == len(keys)
        order = np.argsort(keys)
        assert abs(np.corrcoef(order, file.entity[order])[0, 1]) < 0.1


def test_the_lunar_calendar():
    days = np.array(["1990-10-03", "2024-02-10", "2020-06-25", "2020-05-23"], "datetime64[D]")
    year, month, day = as_solar(days)
    assert year.tolist() == [1990, 2024, 2020, 2020]
    assert month.tolist() == [8, 1, 5, 4]  # mid-autumn, new year, dragon boat, a leap fourth month
    assert day.tolist() == [15, 1, 5, 1]


def organization_code_is_valid(text):
    value = {sign: place for place, sign in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
    total = sum(w * value[s] for w, s in zip((3, 7, 9, 10, 5, 8, 4, 2), text, strict=False))
    check = 11 - total % 11
    return text[8] == {10: "X", 11: "0"}.get(check, str(check))


def credit_code_is_valid(text):
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(pow(3, place, 31) * signs.index(sign) for place, sign in enumerate(text[:17]))
    return signs[-total % 31] == text[17]


def registration_number_is_valid(text):
    state = 10
    for digit in text[:14]:
        state = ((state + int(digit)) % 10 or 10) * 2 % 11
    return (state + int(text[14])) % 10 == 1


def test_codes_of_firms_are_valid_made_up_and_unique(firms):
    assert all(map(organization_code_is_valid, firms.organization.tolist()))
    assert all(map(credit_code_is_valid, firms.code.tolist()))
    assert all(code[8:11] == "PDY" for code in firms.code)
    assert len(set(firms.organization.tolist())) == len(firms)
    old = [text for text in firms.registration.tolist() if text]
    assert len(old) > 100
    assert all(map(registration_number_is_valid, old))


def test_relations_of_firms_are_what_they_are_called(firms):
    sisters, again = np.flatnonzero(firms.sister >= 0), np.flatnonzero(firms.predecessor >= 0)
    branches = np.flatnonzero(firms.parent >= 0)
    first = firms.sister[sisters]
    assert (firms.address[sisters] == firms.address[first]).all()
    assert (firms.representative[sisters] == firms.representative[first]).all()
    assert (firms.trade[sisters] != firms.trade[first]).all()
    old = firms.predecessor[again]
    assert (firms.brand[again] == firms.brand[old]).all()
    assert (firms.trade[again] == firms.trade[old]).all()
    assert (firms.established[again] > firms.established[old]).all()
    assert firms.cancelled[old].all()
    assert all(text.endswith("分公司") for text in firms.suffix[branches])
    assert (firms.parent[firms.parent[branches]] == -1).all()


@pytest.mark.parametrize("trait", sorted(FIRM_TRAITS))
def test_traits_of_firms_are_as_frequent_as_declared(firms, trait):
    declared = FIRM_TRAITS[trait].share
    assert 0.6 * declared <= firms.traits[trait].mean() <= 1.3 * declared + 0.002


def test_slips_of_firms_are_as_frequent_as_declared(filed):
    for department, file in enumerate(filed):
        for tag in ("no_code", "placeholder_code", "mistyped_code", "no_address", "no_phone"):
            declared = FIRM_SLIPS[tag].shares[department] * len(file.entity)
            assert abs(has(file, tag, FIRM_TAGS).sum() - declared) <= 4 * np.sqrt(declared) + 4, tag


def test_a_branch_under_its_parents_code_is_still_the_branch(firms, filed):
    planted = 0
    for file in filed:
        rows = np.flatnonzero(has(file, "parents_code", FIRM_TAGS))
        planted += len(rows)
        parents = firms.parent[file.entity[rows]]
        assert (file.columns["code"][rows] == firms.code[parents]).all()
    assert planted > 5
