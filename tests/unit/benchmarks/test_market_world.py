"""The world ``market``: names that many bear, owners with several shops, successors at one door."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.identity.world.harsher.market import make_market
from benchmarks.identity.world.harsher.market_files import MARKET_OFFICES, MARKET_TAGS, market_files

FIRMS = 3_000


@pytest.fixture(scope="module")
def market():
    return make_market(FIRMS, 7)


@pytest.fixture(scope="module")
def files(market):
    return list(market_files(market))


def having(market, trait):
    return [firm for firm in market.firms if trait in firm.traits and firm.relative >= 0]


def test_the_same_seed_makes_the_same_market(market, files):
    for one, again in zip(files, market_files(make_market(FIRMS, 7)), strict=True):
        assert all((one.columns[c] == again.columns[c]).all() for c in one.columns)
        assert (one.bits == again.bits).all()


def test_half_are_shops_and_many_share_a_name(market):
    kinds = Counter(firm.kind for firm in market.firms)
    assert 0.45 < kinds["shop"] / FIRMS < 0.55
    signs = Counter(firm.sign for firm in market.firms if firm.kind == "shop")
    assert signs.most_common(1)[0][1] > 10
    assert len(set(market.code)) == FIRMS


def test_an_owners_further_shop_has_his_telephone_and_another_door_and_code(market):
    further = [firm for firm in having(market, "further_shop") if "successor" not in firm.traits]
    assert len(further) > 100
    for firm in further:
        first = market.firms[firm.relative]
        assert firm.phone == first.phone
        assert firm.owner == first.owner
        assert firm.address != first.address


def test_a_successor_stands_at_the_door_of_one_that_was_struck_off(market):
    successors = [firm for firm in having(market, "successor") if "further_shop" not in firm.traits]
    assert len(successors) > 100
    for firm in successors:
        old = market.firms[firm.relative]
        assert firm.address == old.address
        assert old.cancelled
        assert firm.days < old.days


@pytest.mark.parametrize("place", range(5))
def test_codes_are_missing_as_often_as_declared(files, place):
    office = list(MARKET_OFFICES.values())[place]
    records = len(files[place].entity)
    missing = (files[place].bits >> MARKET_TAGS.index("no_code")) & 1
    assert (
        abs(missing.sum() - office.no_code * records) <= 4 * np.sqrt(office.no_code * records) + 4
    )
    assert ((files[place].columns["code"] == "") == (missing == 1)).all()
