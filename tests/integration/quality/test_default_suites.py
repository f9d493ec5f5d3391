"""A check that cannot fail is not a check: every expectation meets a table that breaks it.

``GOOD`` holds a table for each suite that keeps all of its policy; ``BREAKS`` holds, for each
expectation, what is wrong with it. Both go through Great Expectations once, together.
"""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from pipelines.engines.gx.run import run_suites
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.quality.suites import SuiteRun
from pipelines.settings import Settings

EXPECTATIONS = Path(__file__).parents[3] / "expectations"

PARAMETERS = {
    "floor_rows": 50,
    "min_rows": 80,
    "max_rows": 120,
    "frequency_days": 1,
    "run_date": date(2026, 6, 30),
    "published_rows": 100,
    "sex_codes": ["0", "1", "2", "9"],
    "ethnicity_codes": ["01", "11"],
    "marital_codes": ["10", "20"],
    "entity_status_codes": ["1", "4"],
    "license_status_codes": ["valid", "expired"],
    "holder_type_codes": ["001", "111"],
}

GOOD = {
    "raw": """SELECT '20260630' AS _batch, 'a.csv' AS _file, i + 2 AS _line, 1 AS _age_days,
        0 AS _unreadable, CAST(NULL AS VARCHAR) AS _defect FROM range(100) AS r(i)""",
    "staged": "SELECT 'k' || i AS source_key FROM range(100) AS r(i)",
    "findings": """SELECT *, CAST(1000 * share AS BIGINT) AS row_count FROM (VALUES
        ('finding', 'citizen_id', true, 'CHECK_DIGIT', 'error', 0.02),
        ('finding', 'mobile', false, 'NORMALISED', 'info', 0.9),
        ('column_with_error', 'citizen_id', true, NULL, 'error', 0.02),
        ('column_with_error', 'uscc', true, NULL, 'error', 0.0),
        ('column_missing', 'citizen_id', true, NULL, NULL, 0.02),
        ('column_missing', 'mobile', false, NULL, NULL, 0.9),
        ('column_missing', 'holder_code', false, NULL, NULL, 0.1),
        ('quarantine_reason', NULL, NULL, 'NO_KEY', NULL, 0.001),
        ('quarantined', NULL, NULL, NULL, NULL, 0.001)
        ) AS t(measure, column_name, required, rule, severity, share)""",
    "drift": """SELECT * FROM (VALUES
        ('null_rate', 0.1, 0.5), ('code_share', 0.5, 0.9), ('age_days', 1.0, 0.2),
        ('interval_days', 1.0, NULL), ('column', 1.0, NULL)) AS t(measure, value, distance)""",
    "core_person": """SELECT 'P-' || i AS entity_id, 'name' || i AS person_name,
        lpad(CAST(i AS VARCHAR), 6, '1') || '19800101' || lpad(CAST(i AS VARCHAR), 3, '0') || 'X'
        AS citizen_id, '1' AS sex_code, '01' AS ethnicity_code, '10' AS marital_code,
        DATE '1980-01-01' AS birth_date, CASE WHEN i = 0 THEN DATE '2020-01-01' END AS death_date,
        'm' AS mobile FROM range(100) AS r(i)""",
    "core": "SELECT 'H-' || i AS entity_id FROM range(100) AS r(i)",
    "core_legal_entity": """SELECT 'E-' || i AS entity_id, 'org' || i AS organization_name,
        '91110105' || lpad(CAST(i AS VARCHAR), 10, '0') AS uscc, '1' AS entity_status,
        DATE '2010-01-01' AS establishment_date, DATE '2012-01-01' AS approval_date,
        CASE WHEN i = 0 THEN DATE '2020-01-01' END AS cancellation_date,
        100.5 AS registered_capital, 'rep' AS legal_representative_name,
        CASE WHEN i % 2 = 0 THEN 'P-' || i END AS legal_representative_person_id,
        CASE WHEN i % 2 = 0 THEN 'same_citizen_id' END AS legal_representative_rule
        FROM range(100) AS r(i)""",
    "core_license": """SELECT 'L-' || i AS entity_id, 'id' || i AS license_identifier,
        'holder' AS holder_name, DATE '2015-01-01' AS issue_date, DATE '2015-01-01' AS valid_from,
        DATE '2030-01-01' AS valid_to, 'valid' AS license_status, '001' AS holder_type,
        CASE WHEN i % 2 = 0 THEN 'P-' || i END AS holder_person_id,
        CASE WHEN i % 2 = 1 THEN 'E-' || i END AS holder_legal_entity_id, 'same_uscc' AS holder_rule
        FROM range(100) AS r(i)""",
    "core_entity": "SELECT entity_id FROM core_person",
    "staged_key": "SELECT 'd__s' AS source, 'k' || i AS source_key FROM range(100) AS r(i)",
    "identity_record": """SELECT 'd__s' AS source, 'k' || i AS source_key, 'P-' || i AS entity_id
        FROM range(100) AS r(i)""",
}


def _few(column: str, value: str, rows: int) -> str:
    """Put ``value`` into ``column`` of the first rows; {good} is the good table."""
    return f"""SELECT * EXCLUDE (i) REPLACE (CASE WHEN i <= {rows} THEN {value} ELSE {column} END
        AS {column}) FROM (SELECT *, row_number() OVER () AS i FROM {{good}})"""


def _share(measure: str, share: float, column: str = "") -> str:
    which = f"measure = '{measure}'" + (f" AND column_name = '{column}'" if column else "")
    return f"""SELECT * REPLACE (CASE WHEN {which} THEN {share} ELSE share END AS share,
        CASE WHEN {which} THEN {1000 * share} ELSE row_count END AS row_count) FROM {{good}}"""


def _drifted(measure: str) -> str:
    return f"""SELECT * REPLACE (CASE WHEN measure = '{measure}' THEN 1.1 ELSE distance END
        AS distance) FROM {{good}}"""


def _news(measure: str) -> str:
    return f"SELECT * FROM {{good}} UNION ALL SELECT '{measure}', 1.0, 2.0"


def _twice(column: str, rows: int) -> str:
    """As many rows as given carry the same value."""
    return _few(column, f"(SELECT max({column}) FROM {{good}})", rows)


NOTHING = "SELECT * FROM {good} LIMIT 0"
SHRUNK = "SELECT * FROM {good} LIMIT 89"
COMMON_OF_CORE = {
    "library_is_not_empty": NOTHING,
    "library_does_not_shrink": SHRUNK,
    "entity_id_is_unique": _twice("entity_id", 1),
    "entity_id_is_present": _few("entity_id", "NULL", 1),
}
BREAKS: Mapping[str, Mapping[str, str]] = {
    "raw": {
        "delivery_is_whole": "SELECT * FROM {good} LIMIT 49",
        "usual_volume": "SELECT * FROM {good} UNION ALL SELECT * FROM {good}",
        "delivered_in_time": "SELECT * REPLACE (3 AS _age_days) FROM {good}",
        "batch_date_is_past": "SELECT * REPLACE (-1 AS _age_days) FROM {good}",
        "lines_are_readable": _few("_defect", "'RAGGED_LINE'", 1),
        "most_lines_are_readable": _few("_defect", "'RAGGED_LINE'", 11).replace(
            "REPLACE (", "REPLACE (11 AS _unreadable, "
        ),
        "half_of_the_lines_are_readable": _few("_defect", "'RAGGED_LINE'", 51),
    },
    "staged": {
        "record_has_key": _few("source_key", "NULL", 1),
        "key_is_unique": _twice("source_key", 1),
    },
    "findings": {
        "no_column_is_mostly_wrong": _share("column_with_error", 0.51, "citizen_id"),
        "no_error_is_common": _share("finding", 0.06, "citizen_id"),
        "few_rows_are_quarantined": _share("quarantined", 0.011),
        "most_rows_are_usable": _share("quarantined", 0.21),
        "half_of_the_rows_are_usable": _share("quarantined", 0.51),
        "required_columns_are_filled": _share("column_missing", 0.06, "citizen_id"),
        "required_columns_are_mostly_filled": _share("column_missing", 0.51, "citizen_id"),
    },
    "drift": {
        "null_rates_are_usual": _drifted("null_rate"),
        "code_shares_are_usual": _drifted("code_share"),
        "delivery_is_as_fresh_as_usual": _drifted("age_days"),
        "no_column_is_emptied": _news("emptied_column"),
        "no_code_is_new": _news("new_code"),
        "no_code_is_gone": _news("gone_code"),
        "no_column_is_new": _news("new_column"),
        "no_column_is_gone": _news("gone_column"),
        "no_delivery_was_missed": """SELECT * REPLACE (CASE WHEN measure = 'interval_days' THEN 3.0
            ELSE value END AS value) FROM {good}""",
    },
    "findings.public_security__household_registration": {
        "citizen_id_errors_are_rare": _share("column_with_error", 0.06, "citizen_id"),
        "citizen_id_is_complete": _share("column_missing", 0.04, "citizen_id"),
    },
    "findings.market_regulation__enterprises": {
        "uscc_errors_are_rare": _share("column_with_error", 0.06, "uscc"),
    },
    "findings.health__practice_licenses": {
        "holder_code_is_complete": _share("column_missing", 0.21, "holder_code"),
    },
    "identity.record": {
        "record_is_in_one_entity": "SELECT * FROM {good} UNION ALL SELECT 'd__s', 'k1', 'P-2'",
        "record_has_entity": _few("entity_id", "NULL", 1),
        "every_current_record_is_assigned": "SELECT * FROM {good} WHERE source_key <> 'k7'",
        "every_entity_has_a_record": "SELECT * FROM {good} WHERE entity_id <> 'P-7'",
        "every_assigned_entity_exists": _few("entity_id", "'P-100'", 1),
    },
    "core": COMMON_OF_CORE,
    "core.person": COMMON_OF_CORE
    | {
        "citizen_id_is_unique": _twice("citizen_id", 1),
        "citizen_id_is_mostly_unique": _twice("citizen_id", 3),
        "citizen_id_is_well_formed": _few("citizen_id", "'11010119800101001x'", 1),
        "person_name_is_present": _few("person_name", "NULL", 2),
        "person_name_is_mostly_present": _few("person_name", "NULL", 6),
        "birth_date_is_not_in_the_future": _few("birth_date", "DATE '2026-07-01'", 1),
        "death_date_is_not_in_the_future": _few("death_date", "DATE '2026-07-01'", 1),
        "death_follows_birth": _few("death_date", "DATE '1979-12-31'", 1),
        "sex_code_is_in_code_table": _few("sex_code", "'3'", 1),
        "ethnicity_code_is_in_code_table": _few("ethnicity_code", "'99'", 1),
        "marital_code_is_in_code_table": _few("marital_code", "'99'", 1),
        "citizen_id_agrees_with_birth_date": _few("birth_date", "DATE '1980-01-02'", 2),
        "mobile_coverage": _few("mobile", "NULL", 51),
    },
    "core.legal_entity": COMMON_OF_CORE
    | {
        "uscc_is_unique": _twice("uscc", 1),
        "uscc_is_mostly_unique": _twice("uscc", 3),
        "uscc_is_well_formed": _few("uscc", "'91110105000000000I'", 1),
        "organization_name_is_present": _few("organization_name", "NULL", 2),
        "organization_name_is_mostly_present": _few("organization_name", "NULL", 6),
        "establishment_date_is_not_in_the_future": _few(
            "establishment_date", "DATE '2026-07-01'", 1
        ),
        "cancellation_follows_establishment": _few("cancellation_date", "DATE '2009-01-01'", 2),
        "approval_follows_establishment": _few("approval_date", "DATE '2009-01-01'", 6),
        "entity_status_is_in_code_table": _few("entity_status", "'0'", 1),
        "registered_capital_is_not_negative": _few("registered_capital", "-1", 1),
        "legal_representative_coverage": _few("legal_representative_name", "NULL", 21),
        "legal_representative_person_exists": _few("legal_representative_person_id", "'P-x'", 1),
        "legal_representative_link_has_its_rule": _few("legal_representative_rule", "NULL", 1),
        "legal_representative_is_known": _few("legal_representative_rule", "NULL", 1),
    },
    "core.license": COMMON_OF_CORE
    | {
        "license_identifier_is_unique": _twice("license_identifier", 1),
        "license_identifier_is_mostly_unique": _twice("license_identifier", 3),
        "holder_name_is_present": _few("holder_name", "NULL", 6),
        "issue_date_is_not_in_the_future": _few("issue_date", "DATE '2026-07-01'", 1),
        "validity_ends_after_it_begins": _few("valid_to", "DATE '2014-12-31'", 2),
        "license_status_is_in_code_table": _few("license_status", "'?'", 1),
        "holder_type_is_in_code_table": _few("holder_type", "'?'", 1),
        "holder_is_known": _few("holder_rule", "NULL", 11),
        "holder_person_exists": _few("holder_person_id", "'P-100'", 1),
        "holder_legal_entity_exists": _few("holder_legal_entity_id", "'E-100'", 1),
        "not_issued_after_death": _few("issue_date", "DATE '2021-01-01'", 1),
        "not_issued_before_establishment": _few("issue_date", "DATE '2009-01-01'", 2),
        "not_issued_after_cancellation": _few("holder_legal_entity_id", "'E-0'", 1).replace(
            "SELECT * EXCLUDE (i) REPLACE (",
            "SELECT * EXCLUDE (i) REPLACE (DATE '2021-01-01' AS issue_date, ",
        ),
    },
}
EVERY = [(suite, name) for suite, breaks in BREAKS.items() for name in breaks]


def _table(suite: str) -> str:
    layer, _, rest = suite.partition(".")
    return f"{layer}_{rest}" if rest and layer in {"core", "identity"} else layer


def _alone(folder: Path, suite: str, name: str) -> Path:
    """A suite file with one expectation of a suite only."""
    document = json.loads((EXPECTATIONS / f"{suite}.json").read_text(encoding="utf-8"))
    document["expectations"] = [
        each for each in document["expectations"] if each["meta"]["name"] == name
    ]
    file = folder / f"{suite}.{name}.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def outcomes(
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[tuple[str, str, bool], ExpectationOutcome]:
    """By suite, expectation and whether its table was broken."""
    folder = tmp_path_factory.mktemp("suites")
    tables = dict(GOOD)
    runs = [SuiteRun(EXPECTATIONS / f"{s}.json", _table(s), PARAMETERS) for s in BREAKS]
    for number, (suite, name) in enumerate(EVERY):
        tables[f"broken_{number}"] = BREAKS[suite][name].format(good=_table(suite))
        runs.append(SuiteRun(_alone(folder, suite, name), f"broken_{number}", PARAMETERS))
    judged = run_suites(Settings(home=folder), tables, runs)
    healthy, broken = judged[: len(EVERY)], judged[len(EVERY) :]
    return {(o.suite, o.name, False): o for o in healthy} | {
        (o.suite, o.name, True): o for o in broken
    }


def test_every_expectation_has_a_table_that_breaks_it() -> None:
    declared = {
        (file.stem, each["meta"]["name"])
        for file in EXPECTATIONS.glob("*.json")
        for each in json.loads(file.read_text(encoding="utf-8"))["expectations"]
    }
    assert declared == set(EVERY)


FEW = [
    ("raw", "most_lines_are_readable", """SELECT * REPLACE (4 AS _unreadable,
        CASE WHEN _line <= 5 THEN 'RAGGED_LINE' END AS _defect) FROM raw WHERE _line <= 10"""),
    ("findings", "most_rows_are_usable", """SELECT * REPLACE (4 AS row_count, 0.44 AS share)
        FROM findings WHERE measure = 'quarantined'"""),
    ("findings", "no_column_is_mostly_wrong", """SELECT * REPLACE (4 AS row_count, 1 AS share)
        FROM findings WHERE measure = 'column_with_error'"""),
    ("findings", "required_columns_are_mostly_filled", """SELECT * REPLACE (4 AS row_count,
        1 AS share) FROM findings WHERE measure = 'column_missing'"""),
]  # fmt: skip


def test_a_fault_of_a_few_rows_stops_no_small_delivery(tmp_path: Path) -> None:
    """Four of nine rows are the slips of a clerk."""
    tables, runs = dict(GOOD), []
    for number, (suite, name, rows) in enumerate(FEW):
        tables[f"few_{number}"] = rows
        runs.append(SuiteRun(_alone(tmp_path, suite, name), f"few_{number}", PARAMETERS))
    judged = run_suites(Settings(home=tmp_path), tables, runs)
    assert [(o.name, o.success) for o in judged] == [(name, True) for _, name, _ in FEW]


@pytest.mark.parametrize(("suite", "name"), EVERY)
def test_a_good_table_passes(
    outcomes: Mapping[tuple[str, str, bool], ExpectationOutcome], suite: str, name: str
) -> None:
    outcome = outcomes[suite, name, False]
    assert outcome.exception is None
    assert outcome.success, outcome


@pytest.mark.parametrize(("suite", "name"), EVERY)
def test_a_broken_table_fails(
    outcomes: Mapping[tuple[str, str, bool], ExpectationOutcome], suite: str, name: str
) -> None:
    outcome = outcomes[suite, name, True]
    assert outcome.exception is None
    assert not outcome.success, outcome
