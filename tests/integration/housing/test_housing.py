"""A fourth library out of two kinds of YAML: every layer follows from the declarations."""

from housing_city import FIRM, OWNER, REGISTER, SURVEY, UNITS, City


def test_every_source_and_library_is_done(city: City) -> None:
    assert city.outcome.failures == {}


def test_a_house_with_a_number_and_no_owner_is_a_house(city: City) -> None:
    [(source, owner)] = city.base(
        "SELECT s.source, h.owner_name FROM base.house AS h JOIN base.house_source AS s"
        f" USING (entity_id) WHERE h.unit_number = '{UNITS[2]}'"
    )
    assert (source, owner) == (REGISTER, None)


def test_an_owner_without_a_house_is_set_aside(city: City) -> None:
    columns = "source_key, reasons"
    assert city.lake(f"quarantine.{REGISTER}", columns) == [("D4", ["NO_IDENTITY"])]
    assert city.lake(f"quarantine.{SURVEY}", columns) == [("F4", ["NO_IDENTITY"])]


def test_two_houses_under_one_key_are_told(city: City) -> None:
    assert ("D7", "KEY_SHARED") in findings(city, REGISTER)


def test_dates_are_judged_as_the_library_declares(city: City) -> None:
    assert {("D5", "FUTURE_DATE"), ("D6", "DATES_OUT_OF_ORDER")} <= findings(city, REGISTER)


def test_the_number_unites_and_so_does_what_the_passes_claim(city: City) -> None:
    rows = city.base(
        "SELECT h.unit_number, s.source_key, s.rule FROM base.house_source AS s"
        " JOIN base.house AS h USING (entity_id)"
        " WHERE s.source_key IN ('D1', 'F1', 'D2', 'F2', 'F3')"
    )
    members: dict[str | None, set[str]] = {}
    for number, key, _rule in rows:
        members.setdefault(number, set()).add(key)
    assert members == {UNITS[0]: {"D1", "F1"}, UNITS[1]: {"D2", "F2"}, None: {"F3"}}
    rules = {key: rule for _, key, rule in rows}
    assert "same_unit_number" in rules.values()
    assert "same_certificate_number" in rules.values()


def test_owners_are_the_persons_and_firms_of_the_other_libraries(city: City) -> None:
    [(person,)] = city.base("SELECT entity_id FROM base.person")
    [(firm,)] = city.base("SELECT entity_id FROM base.legal_entity")
    linked = city.base(
        "SELECT unit_number, owner_person_id, owner_legal_entity_id, owner_rule FROM base.house"
        " WHERE owner_rule IS NOT NULL"
    )
    assert set(linked) == {
        (UNITS[0], person, None, "same_citizen_id"),
        (UNITS[1], None, firm, "same_uscc"),
        (None, None, firm, "same_unique_name"),
    }


def test_ids_begin_as_declared_and_say_nothing(city: City) -> None:
    ids = [row[0] for row in city.base("SELECT entity_id FROM base.house")]
    assert len(ids) == 9
    assert all(entity_id.startswith("H-") for entity_id in ids)


def test_what_bureaus_disagree_about_goes_to_whoever_lost(city: City) -> None:
    found = city.lake("identity.house_finding", "source, source_key, column_name, rule")
    assert (SURVEY, "F1", "house_use", "DISAGREES_WITH_AUTHORITY") in found


def test_the_bureau_reads_of_houses_in_its_own_words(city: City) -> None:
    [mail] = [mail for mail in city.mails() if "房屋楼盘表（批次" in mail]
    assert "影响 1 套房屋" in mail
    assert "既没有可用的不动产单元号，也没有坐落" in mail
    assert "姓名（机构名称）" not in mail
    [register] = [mail for mail in city.mails() if "不动产登记（批次" in mail]
    assert "不动产单元号：号码的位数不对。" in register


def test_scores_are_made_of_source_and_library(city: City) -> None:
    scored = dict(
        city.base(
            "SELECT subject, score FROM quality.score WHERE column_name = '' AND scope IN"
            " ('source', 'library')"
        )
    )
    assert {REGISTER, SURVEY, "housing"} <= scored.keys()
    of_number = city.base(
        f"SELECT score FROM quality.score WHERE subject = '{REGISTER}'"
        " AND column_name = 'unit_number' AND scope = 'source'"
    )
    assert of_number != []
    assert of_number[0][0] < 100  # one of them has the wrong length


def test_its_suite_stands_beside_its_declaration(city: City) -> None:
    checked = city.base(
        "SELECT name, success FROM quality.expectation_result WHERE subject = 'housing'"
        " AND suite = 'core.house'"
    )
    assert ("unit_number_is_unique", True) in checked


def test_departments_see_houses_and_no_owner_s_number(city: City) -> None:
    [(shown, address)] = city.base(
        f"SELECT owner_code, house_address FROM share.house WHERE unit_number = '{UNITS[0]}'"
    )
    assert shown != OWNER
    assert shown.startswith("1306")
    assert "东风路" not in address
    everything = str(city.base("SELECT * FROM share.house"))
    assert OWNER not in everything
    assert FIRM not in everything


def test_columns_say_what_they_are_in_chinese(city: City) -> None:
    [(remark,)] = city.base(
        "SELECT col_description('base.house'::regclass, attnum) FROM pg_attribute"
        " WHERE attrelid = 'base.house'::regclass AND attname = 'unit_number'"
    )
    assert remark == "不动产单元号（GB/T 37346-2019）"


def findings(city: City, source: str) -> set[tuple[str, str]]:
    """Key and rule of every finding of a staged row."""
    rows = city.lake(f"staged.{source}", "source_key, findings")
    return {(key, each["rule"]) for key, found in rows for each in found}
