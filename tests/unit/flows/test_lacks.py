"""A library is not published without its authority, and says what else it was built without."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from pipelines.flows.library import lacks
from pipelines.flows.shared.errors import AuthorityMissing
from pipelines.flows.source.attention import Attention
from pipelines.libraries import load_library
from pipelines.libraries.declaration import PublicationPolicy

LIBRARY = load_library("population")
POLICE, HEALTH = "public_security__people", "health__records"
STRONG = SimpleNamespace(name="citizen_id")


def source(name, library="population", columns=(STRONG,)):
    department = name.partition("__")[0]
    return SimpleNamespace(name=name, library=library, department=department, columns=columns)


@pytest.fixture
def refuse(monkeypatch):
    """Try to publish, with sources declared, batches read, publications before and troubles."""

    def ask(declared, read, *, before=(), troubles=(), **policy):
        by_name = {each.name: each for each in declared}
        monkeypatch.setattr(lacks, "usable_sources", lambda _: by_name)
        monkeypatch.setattr(lacks, "read_publications", lambda *_: before)
        monkeypatch.setattr(lacks, "sources_to_look_at", lambda *_: list(troubles))
        inputs = [{"source": name, "batches": batches} for name, batches in read.items()]
        monkeypatch.setattr(lacks, "inputs_of_run", lambda *_: inputs)
        library = replace(LIBRARY, publication=PublicationPolicy(**policy))
        session = SimpleNamespace(settings=None, warehouse=None)
        lacks.refuse_without_authority(session, library, "20260630")

    return ask


BOTH = (source(POLICE), source(HEALTH))


def test_the_first_publication_needs_the_authority_for_the_identifying_element(refuse):
    stopped = [Attention(POLICE, "20260630", "stopped", "a critical expectation failed")]
    with pytest.raises(AuthorityMissing) as missing:
        refuse(BOTH, {HEALTH: ["20260630"]}, troubles=stopped)
    told = str(missing.value)
    assert "人口库 (population)" in told
    assert f"{POLICE}: a critical expectation failed" in told
    assert "citizen_id is missing: public_security" in told
    refuse(BOTH, {HEALTH: ["20260630"], POLICE: ["20260630"]})
    with pytest.raises(AuthorityMissing, match="has not delivered yet"):
        refuse(BOTH, {HEALTH: ["20260630"], POLICE: []})  # all its batches were stopped


def test_what_was_published_once_goes_on_without_it(refuse):
    refuse(BOTH, {HEALTH: ["20260701"]}, before=["a publication"])
    with pytest.raises(AuthorityMissing):
        refuse(BOTH, {HEALTH: ["20260701"]}, before=["a publication"], when="always")
    late = [Attention(POLICE, "20260630", "late", "")]
    both = {HEALTH: ["20260701"], POLICE: ["20260630"]}
    refuse(BOTH, both, before=["a publication"], when="always", troubles=late)
    failed = [Attention(POLICE, "20260701", "failed", "was not landed")]
    with pytest.raises(AuthorityMissing, match="was not landed"):
        refuse(BOTH, both, before=["a publication"], when="always", troubles=failed)


def test_a_site_whose_contracts_promise_no_data_of_it_is_published(refuse):
    refuse([source(HEALTH)], {HEALTH: ["20260630"]})
    other = source("public_security__moves", columns=(SimpleNamespace(name="mobile"),))
    refuse([source(HEALTH), other], {HEALTH: ["20260630"]})
    with pytest.raises(AuthorityMissing, match="No contract"):
        refuse([source(HEALTH)], {HEALTH: ["20260630"]}, needs=["public_security"])


def test_the_declaration_says_without_whom_nothing_is_published(refuse):
    refuse(BOTH, {HEALTH: ["20260630"]}, needs=[])
    refuse(BOTH, {HEALTH: ["20260630"]}, needs=["health"])
    with pytest.raises(AuthorityMissing, match="missing: health"):
        refuse(BOTH, {POLICE: ["20260630"]}, needs=["public_security", "health"])


def test_only_the_library_s_own_sources_are_lacking(refuse, monkeypatch):
    refuse([*BOTH, source("taxation__payers", "legal_entity")], {POLICE: ["1"], HEALTH: ["1"]})
    troubles = [Attention(n, "", "late", "") for n in ("taxation__payers", HEALTH, "a__faulty")]
    monkeypatch.setattr(lacks, "sources_to_look_at", lambda *_: troubles)
    session = SimpleNamespace(settings=None, warehouse=None)
    assert [each.source for each in lacks.lacks_of(session, LIBRARY)] == [HEALTH]
