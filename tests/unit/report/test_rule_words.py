"""Every reason that the ledgers hold has words that a steward reads."""

import re

import pytest

from pipelines.identity.clusters.cannot_link import DECIDED_SAME, TWO_NUMBERS
from pipelines.identity.clusters.score_clusters import MATCH_BY_SCORE
from pipelines.identity.ids import events
from pipelines.identity.rules.match import FOUNDING_RECORD
from pipelines.libraries import load_libraries
from pipelines.report.steward.rule_words import LINKS, WORDS, rule_words

LIBRARIES = load_libraries()


@pytest.mark.parametrize("name", LIBRARIES)
def test_every_rule_of_a_library_has_chinese_words(name):
    library = LIBRARIES[name]
    claims = [library.identity.strong_claim, *(each.claim for each in library.identity.passes)]
    for claim in [*claims, *(link.claim for link in library.links)]:
        assert re.fullmatch("[\u4e00-\u9fff、，（）]+", rule_words(claim, library)), claim


OWN = (DECIDED_SAME, TWO_NUMBERS, MATCH_BY_SCORE, FOUNDING_RECORD, events.FIRST, events.JOINED,
       events.TOOK_IN, events.PARTED, events.GONE, events.CAME_BACK,
       events.CAME_BACK_ELSEWHERE)  # fmt: skip


def test_every_link_between_libraries_has_words():
    declared = {link.name for library in LIBRARIES.values() for link in library.links}
    assert declared
    assert declared <= LINKS.keys()


@pytest.mark.parametrize("code", OWN)
def test_other_reasons_have_words_of_their_own(code):
    assert code in WORDS


def test_a_claim_is_read_by_its_parts():
    person, firm = LIBRARIES["population"], LIBRARIES["legal_entity"]
    words = rule_words("same_name_and_mobile_and_similar_birth_date", person)
    assert words == "姓名、手机号码相同，出生日期相近"
    assert rule_words("same_name_and_phone", firm) == "名称、联系电话相同"
    assert rule_words("no_longer_same_name_and_phone", firm) == "不再成立：名称、联系电话相同"
    assert rule_words("something_new", firm) == "something_new"
    assert rule_words(None, firm) == ""
