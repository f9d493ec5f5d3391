"""What another declaration or model would do to the ids is told before it is adopted."""

import json

import pytest
from identity_town import command_line, person

from pipelines.errors import DeclarationRefused
from pipelines.flows.library.consequences.what_if import compare_identity
from pipelines.identity.scores.model import MODELS
from pipelines.libraries.load import LIBRARIES_DIR

POLICE, HEALTH = "public_security__register", "health__patients"
DAY = "20260701"
SAME_NAME_AND_SEX = "    - {claim: same_name_and_sex, block: [person_name], agree: [sex_code]}\n"


@pytest.fixture(scope="module")
def resolved(module_town):
    """Five people, and two patients without a number: a name heard wrongly, and a mere name."""
    town = module_town
    people = {n: person(n) for n in range(1, 6)}
    heard = people[5]["name"].replace("甲", "贾")
    patients = [
        {**people[5], "key": "heard", "number": "", "name": heard},
        {**people[2], "key": "bare", "number": "", "born": "", "mobile": "", "address": ""},
    ]
    town.deliver(DAY, POLICE, list(people.values()))
    town.deliver(DAY, HEALTH, patients)
    town.build(DAY)
    rules = {row["source_key"]: row["rule"] for row in town.rows("identity.person_record")}
    assert (rules["heard"], rules["bare"]) == ("match_by_score", "founding_record")
    return town


def model_with(folder, entity="person", **thresholds):
    """The model in force with other thresholds."""
    told = json.loads((MODELS / f"{entity}.json").read_text(encoding="utf-8"))
    told["thresholds"] |= thresholds
    file = folder / f"{entity}.json"
    file.write_text(json.dumps(told), encoding="utf-8")
    return file


def test_what_is_in_force_changes_nothing(resolved):
    before = resolved.ids()
    told = command_line(resolved, "compare", "population")
    assert f"records of run {DAY}: of 6 ids 6 would stay as they are, 0 would change" in told
    assert "Nothing was kept." in told
    assert resolved.ids() == before


def test_a_new_claim_would_merge(resolved, tmp_path):
    present = (LIBRARIES_DIR / "population.yml").read_text(encoding="utf-8")
    file = tmp_path / "population.yml"
    file.write_text(
        present.replace("    # Nothing else that both know.\n", SAME_NAME_AND_SEX), encoding="utf-8"
    )
    before = resolved.ids()
    told = command_line(resolved, "compare", "population", "--declaration", str(file))
    assert "of 6 ids 5 would stay as they are, 1 would change (16.67%; over the budget" in told
    assert "merged            1  same_name_and_sex\n" in told
    # Of ids that were minted in one run that of the older record stays: health comes first.
    assert f"{before[f'{POLICE}/2']} -> {before[f'{HEALTH}/bare']} ({POLICE})" in told
    assert resolved.ids() == before


def test_a_stricter_model_would_split(resolved, tmp_path):
    before = resolved.ids()
    file = model_with(tmp_path, link_at=1.0)
    told = command_line(resolved, "compare", "population", "--model", str(file))
    assert "1 would change" in told
    assert "1 would be new" in told
    assert "split             1  no_longer_match_by_score\n" in told
    assert resolved.ids() == before


def test_what_is_of_another_library_is_refused(resolved, tmp_path):
    of_firms = model_with(tmp_path, "legal_entity")
    with pytest.raises(DeclarationRefused, match="not those by which a person is compared"):
        compare_identity(resolved.settings, "population", model=of_firms)
    with pytest.raises(DeclarationRefused, match="is no model of scores"):
        compare_identity(resolved.settings, "population", model=tmp_path / "none.json")
    with pytest.raises(DeclarationRefused, match="declares no library population"):
        compare_identity(resolved.settings, "population", LIBRARIES_DIR / "e_license.yml")
