"""Which tests are nearest to a module: those that a developer runs after changing it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

ROOMS = ("clean", "identity", "merge", "quality", "stage", "mail", "lake")
_CLEAN, _IDENTITY = "tests/unit/clean", "tests/unit/identity"
_RESOLVED = (
    *(f"{_IDENTITY}/rules/test_{kind}.py" for kind in ("persons", "legal_entities", "licenses")),
    f"{_IDENTITY}/rules/test_shared_names.py",
    f"{_IDENTITY}/rules/test_successors.py",
    f"{_IDENTITY}/scores/test_scores.py",
)
_STAGED = tuple(
    f"tests/unit/stage/test_{what}.py"
    for what in ("split", "keys", "stated_forms", "told_once", "placed_rows")
)
_CONTRADICTIONS = ("test_rules_of_a_site.py", "test_contradictions.py")

# By module or package below ``pipelines``; of several the longest name holds. Quick ones first.
NEAREST: Mapping[str, Sequence[str]] = {
    "clean": (f"{_CLEAN}/parsing/test_parsed_texts.py", f"{_CLEAN}/parsing/test_plain_forms.py"),
    "clean/cell_states": (f"{_CLEAN}/test_cell_states.py",),
    "clean/characters": (f"{_CLEAN}/test_characters.py", f"{_CLEAN}/test_text.py"),
    "clean/codes": (f"{_CLEAN}/test_codes.py",),
    "clean/contact": (f"{_CLEAN}/test_contact.py", f"{_CLEAN}/parsing/test_plain_forms.py"),
    "clean/cross_field": (f"{_CLEAN}/test_cross_field.py",),
    "clean/dates": (
        f"{_CLEAN}/test_dates.py",
        f"{_CLEAN}/parsing/test_judged_again.py",
        f"{_CLEAN}/parsing/test_plain_forms.py",
    ),
    "clean/identifiers": (
        f"{_CLEAN}/identifiers/test_citizen_id.py",
        f"{_CLEAN}/identifiers/test_license_and_holder.py",
        f"{_CLEAN}/parsing/test_judged_again.py",
        f"{_CLEAN}/parsing/test_plain_forms.py",
    ),
    "clean/identifiers/check_digits": (f"{_CLEAN}/identifiers/test_check_digits.py",),
    "clean/identifiers/fixed_form": (f"{_CLEAN}/identifiers/test_fixed_form.py",),
    "clean/identifiers/holder": (f"{_CLEAN}/identifiers/test_license_and_holder.py",),
    "clean/identifiers/licence": (f"{_CLEAN}/identifiers/test_license_and_holder.py",),
    "clean/identifiers/organization": (
        f"{_CLEAN}/identifiers/test_organization_identifiers.py",
        f"{_CLEAN}/parsing/test_plain_forms.py",
    ),
    "clean/identifiers/registration": (f"{_CLEAN}/identifiers/test_organization_identifiers.py",),
    "clean/industry": (
        f"{_CLEAN}/test_regions_and_industry.py",
        f"{_CLEAN}/parsing/test_plain_forms.py",
    ),
    "clean/masking": (
        f"{_CLEAN}/test_masking.py",
        "tests/integration/warehouse/test_mask_sql.py",
    ),
    "clean/mojibake": (f"{_CLEAN}/test_mojibake.py",),
    "clean/money": (f"{_CLEAN}/test_money.py", f"{_CLEAN}/parsing/test_plain_forms.py"),
    "clean/names/organizations": (f"{_CLEAN}/names/test_organization_names.py",),
    "clean/names/persons": (
        f"{_CLEAN}/names/test_person_names.py",
        f"{_CLEAN}/parsing/test_plain_forms.py",
    ),
    "clean/names/variants": (f"{_CLEAN}/names/test_person_names.py",),
    "clean/parsing/registry": (
        "tests/unit/libraries/test_refused.py",
        "tests/unit/standards/test_declarations.py",
    ),
    "clean/parsing/rules_of": (
        "tests/unit/standards/test_declarations.py",
        "tests/unit/quality/test_measure.py",
    ),
    "clean/places": (f"{_CLEAN}/test_regions_and_industry.py", f"{_CLEAN}/test_contact.py"),
    "clean/text": (f"{_CLEAN}/test_text.py",),
    "identity": (*_RESOLVED, f"{_IDENTITY}/test_laws.py"),
    "identity/clusters/cannot_link": (f"{_IDENTITY}/clusters/test_cannot_link.py", *_RESOLVED),
    "identity/ids": (
        f"{_IDENTITY}/ids/test_id_changes.py",
        f"{_IDENTITY}/ids/test_redirects.py",
        f"{_IDENTITY}/ids/test_entity_ids.py",
        f"{_IDENTITY}/ids/test_rolled_back.py",
    ),
    "identity/review": (
        f"{_IDENTITY}/review/test_accuracy_bounds.py",
        f"{_IDENTITY}/review/test_questions.py",
        f"{_IDENTITY}/review/test_decisions_law.py",
    ),
    "identity/scores": (
        f"{_IDENTITY}/scores/test_waterfall_weights.py",
        f"{_IDENTITY}/scores/test_scores_of_a_site.py",
        f"{_IDENTITY}/scores/test_scores.py",
    ),
    "identity/tables/spanning_forest": (f"{_IDENTITY}/tables/test_spanning_forest.py",),
    "lake": (
        "tests/unit/lake/test_columns.py",
        "tests/integration/lake/test_lake.py",
        "tests/integration/lake/test_expiry.py",
    ),
    "lake/lock": (
        "tests/integration/lake/test_lake.py",
        "tests/integration/flows/test_faults_of_verbs.py",
    ),
    "mail": (
        "tests/unit/mail/test_message.py",
        "tests/unit/mail/test_mail_connection.py",
        "tests/integration/mail/test_smtp.py",
    ),
    "mail/connection": ("tests/unit/mail/test_mail_connection.py",),
    "mail/message": ("tests/unit/mail/test_message.py",),
    "mail/packing": ("tests/unit/mail/test_message.py",),
    "mail/smtp": ("tests/integration/mail/test_smtp.py", "tests/unit/mail/test_mail_connection.py"),
    "merge": ("tests/unit/merge/test_golden.py", "tests/unit/merge/test_links.py"),
    "merge/links": ("tests/unit/merge/test_links.py", "tests/unit/quality/test_contradictions.py"),
    "quality/answers": ("tests/unit/quality/test_judged_answers.py",),
    "quality/breaches": ("tests/unit/quality/test_breaches.py",),
    "quality/contradiction": tuple(f"tests/unit/quality/{each}" for each in _CONTRADICTIONS),
    "quality/contradiction/world": tuple(
        f"tests/unit/quality/{each}" for each in ("test_judgement_days.py", *_CONTRADICTIONS)
    ),
    "quality/discrepancy": ("tests/unit/quality/test_discrepancy.py",),
    "quality/drift": ("tests/unit/quality/test_drift.py",),
    "quality/issues": ("tests/integration/repair/test_issue_laws.py",),
    "quality/measure": ("tests/unit/quality/test_measure.py", "tests/unit/quality/test_score.py"),
    "quality/outcome": (
        "tests/unit/quality/test_outcome.py",
        "tests/integration/quality/test_run_suites.py",
    ),
    "quality/profile": ("tests/unit/quality/test_profile.py",),
    "quality/score": ("tests/unit/quality/test_score.py", "tests/unit/quality/test_measure.py"),
    "quality/slips": ("tests/unit/quality/test_slips.py",),
    "quality/suggested": ("tests/unit/quality/test_suggested.py",),
    "quality/suites": ("tests/unit/quality/test_suites.py",),
    "quality/two_columns": ("tests/unit/quality/test_two_columns.py",),
    "quality/volume": ("tests/unit/quality/test_volume.py",),
    "stage": _STAGED,
    "stage/conventions": ("tests/unit/stage/test_stated_forms.py", *_STAGED),
    "stage/overlay": (
        "tests/unit/stage/test_ledger.py",
        "tests/integration/repair/test_import.py",
    ),
}


def nearest(file: Path) -> Sequence[str]:
    """The test files of a module of ``pipelines``."""
    module = file.with_suffix("").as_posix().removeprefix("pipelines/")
    names = [name for name in NEAREST if module == name or module.startswith(f"{name}/")]
    return NEAREST[max(names, key=len)] if names else ()
