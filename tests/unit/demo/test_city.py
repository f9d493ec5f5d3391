"""What the city's people, organisations and licences are like before anything is spoiled."""

from datetime import date

import numpy as np
import pytest

from pipelines.demo.generate import first_batch_of, generate
from pipelines.demo.world import firms as firms_module
from pipelines.demo.world import names
from pipelines.demo.world.city import make_city
from pipelines.demo.world.firms import Kind
from pipelines.demo.world.today import FIRST_BATCH, seen_on, today
from pipelines.errors import DemoBatchTooEarly

from .oracles import (
    citizen_id_is_valid,
    hybrid_is_valid,
    license_identifier_is_valid,
    organization_code_is_valid,
    uscc_is_valid,
)


@pytest.fixture(scope="module")
def city():
    return make_city(3000, 7, FIRST_BATCH)


@pytest.mark.parametrize(
    ("valid", "good", "bad"),
    [
        (citizen_id_is_valid, "11010519491231002X", "110101199003079990"),
        (uscc_is_valid, "91310101PDY00001X4", "91310101PDY000012G"),
        (organization_code_is_valid, "PDY000060", "PDY000061"),
        (lambda text: hybrid_is_valid(text, 10), "110108000000016", "110108000000010"),
        (
            license_identifier_is_valid,
            "1.2.156.3005.2.11310101PDY00001XC001.11310101PDY00001XC.2024000001.001.A",
            "1.2.156.3005.2.11310101PDY00001XC001.11310101PDY00001XC.2024000001.001.8",
        ),
    ],
)
def test_the_oracles_agree_with_the_published_vectors(valid, good, bad):
    assert valid(good)
    assert not valid(bad)


def test_every_citizen_id_is_valid_and_belongs_to_one_person(city):
    ids = city.people.citizen_id.to_pylist()
    assert [text for text in ids if not citizen_id_is_valid(text)] == []
    assert len(set(ids)) == len(ids)


def test_a_citizen_id_tells_birth_date_and_sex(city):
    people = city.people
    born = np.array([text[6:14] for text in people.citizen_id.to_pylist()])
    odd = np.array([int(text[16]) % 2 == 1 for text in people.citizen_id.to_pylist()])
    days = people.birth.astype("datetime64[D]").astype(str)
    assert (born == np.char.replace(days, "-", "")).all()
    assert (odd == people.male).all()


def test_every_code_of_an_organisation_is_valid_and_in_the_fictional_range(city):
    firms = city.firms
    codes = firms.uscc.to_pylist()
    assert [text for text in codes if not uscc_is_valid(text)] == []
    assert len(set(firms.organization_code.to_pylist())) == len(codes)
    assert all(text[8:11] == "PDY" for text in codes)
    numbers = [text for text in firms.registration_number.to_pylist() if len(text) == 15]
    assert numbers
    assert [text for text in numbers if not hybrid_is_valid(text, 10)] == []


def test_codes_beyond_the_range_have_a_letter_and_are_still_valid_and_unique():
    codes = firms_module._organization_codes(100_700).to_pylist()
    assert codes[99_998][:8] == "PDY99999"
    assert all(code[3].isalpha() for code in codes[99_999:])
    assert len(set(codes)) == len(codes)
    assert all(organization_code_is_valid(code) for code in codes[99_990:])


def test_every_licence_identifier_is_valid_and_versions_share_a_licence(city):
    licenses = city.licenses
    identifiers = licenses.identifier.to_pylist()
    assert [text for text in identifiers if not license_identifier_is_valid(text)] == []
    assert len(set(identifiers)) == len(identifiers)
    serials = {text.rsplit(".", 2)[0] for text in identifiers}
    assert len(serials) == len(licenses) < len(identifiers)


def test_nobody_acts_before_birth_or_after_death(city):
    people, firms = city.people, city.firms
    dead = ~people.alive()
    assert dead.any()
    assert (people.birth[dead] < people.death[dead]).all()
    assert (people.birth <= today()).all()
    married = people.married_on >= 0
    assert (people.married_on[married & dead] < people.death[married & dead]).all()
    assert (people.married_on[married] > people.birth[married] + 20 * 365).all()
    assert people.alive()[firms.leader].all()
    closed = firms.closed >= 0
    assert (firms.founded[closed] < firms.closed[closed]).all()
    assert (firms.founded <= firms.approved).all()


def test_spouses_are_each_others(city):
    spouse = city.people.spouse
    married = np.flatnonzero(spouse >= 0)
    assert (spouse[spouse[married]] == married).all()
    assert (city.people.male[married] != city.people.male[spouse[married]]).all()


def test_there_are_namesakes_born_on_one_day_and_sister_firms_and_branches(city):
    people = list(zip(city.people.name.to_pylist(), city.people.birth.tolist(), strict=True))
    assert len(set(people)) < len(people)
    companies = city.firms.rows(Kind.COMPANY)
    assert len(set(city.firms.leader[companies].tolist())) < len(companies)
    of_branches = city.firms.name.take(city.firms.rows(Kind.BRANCH)).to_pylist()
    all_names = set(city.firms.name.to_pylist())
    assert all(name.split("第")[0] in all_names for name in of_branches)


def test_minority_names_have_a_middle_dot(city):
    uyghur = np.flatnonzero(city.people.ethnicity == 5)
    assert len(uyghur)
    assert all(names.MIDDLE_DOT in text for text in city.people.name.take(uyghur).to_pylist())


def test_another_seed_is_another_city():
    one, other = (make_city(300, seed, FIRST_BATCH) for seed in (1, 2))
    assert one.people.citizen_id.to_pylist() != other.people.citizen_id.to_pylist()


def test_a_batch_from_before_the_first_is_refused():
    with pytest.raises(DemoBatchTooEarly, match="20260630"):
        make_city(10, 1, "20260629")


@pytest.mark.parametrize("batch", ["20260630", "20261130", "20280229"])
def test_the_city_lies_before_the_day_on_which_it_is_seen_first(batch):
    with seen_on(batch):
        city = make_city(300, 7, batch)
        day = today()
        assert city.is_first
        events = city.events
        assert make_city(300, 7, f"{int(batch[:4]) + 1}0101").is_first is False
    for days in (city.people.birth, city.people.death, events.death, city.firms.founded):
        assert days.max() <= day
    assert day - city.people.birth.max() < 400  # it is a city of that day, not of an earlier one
    assert today() == (date(2026, 6, 30) - date(1970, 1, 1)).days


def test_a_demo_of_another_day_has_the_batch_and_the_dates_of_that_day(tmp_path):
    generate(tmp_path, 300, 7, "20261130", first="20261130")
    assert first_batch_of(tmp_path) == "20261130"
    assert list(tmp_path.rglob("*_20261130.*"))
    assert not list(tmp_path.rglob("*20260630*"))
    with pytest.raises(DemoBatchTooEarly, match="20261130"):
        generate(tmp_path, 300, 7, "20260630", first="20261130")
    generate(tmp_path, 300, 7, "20261201", first="20261130")  # a day later there are changes
    assert first_batch_of(tmp_path) == "20261130"
