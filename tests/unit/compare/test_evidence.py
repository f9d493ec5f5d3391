"""Evidence against a strong identifier: by example, each condition with what undoes it."""

import ibis
import pytest

from pipelines.compare.conflicts import EVIDENCE
from pipelines.compare.values import Sides
from pipelines.engines import kept_sql
from pipelines.libraries import load_library

PERSON = {
    "person_name": "张小明",
    "birth_date": "1990-03-07",
    "sex_code": "1",
    "ethnicity_code": "01",
    "residence_address": "东风路12-3-401",
    "mobile": "13900001234",
    "employer_name": "云州甲公司",
    "citizen_id": "130602199003071011",
}
STRANGER = {
    "person_name": "欧阳伟国",
    "birth_date": "1962-11-25",
    "sex_code": "2",
    "ethnicity_code": "11",
    "residence_address": "幸福路5-2-302",
    "mobile": "13700009876",
    "employer_name": "云州乙公司",
}
FIRM = {
    "organization_name": "云州甲有限公司",
    "establishment_date": "2010-05-06",
    "legal_representative_name": "张小明",
    "registration_number": "130602000000011",
    "registered_address": "东风路12",
    "phone": "03121234567",
}


@pytest.fixture(scope="module")
def con():
    return kept_sql.connect()


def reasons(con, library_name: str, record, reference) -> set[str]:
    """The reasons for which a record with these keys is kept out of that group."""
    library = load_library(library_name)
    columns = dict.fromkeys((*library.record_columns, *record, *reference))
    row = {f"l_{name}": [record.get(name)] for name in columns}
    row |= {f"r_{name}": [reference.get(name)] for name in columns}
    table = ibis.memtable(row, schema=dict.fromkeys(row, "string"))
    sides = Sides(lambda c: table[f"l_{c}"], lambda c: table[f"r_{c}"], library)
    found = EVIDENCE[library.identity.contradiction].contradicts(sides)
    answer = con.to_pyarrow(table.select(**found)).to_pylist()[0]
    return {reason for reason, holds in answer.items() if holds}


def changed(record, **values):
    return record | values


def test_the_same_person_is_contradicted_by_nothing(con):
    assert reasons(con, "population", PERSON, PERSON) == set()


def test_another_date_and_no_name_speaks_only_where_nothing_is_common(con):
    nameless = changed(STRANGER, person_name=None)
    assert "other_birth_date_and_no_name" in reasons(con, "population", nameless, PERSON)
    with_tie = nameless | {"mobile": PERSON["mobile"]}
    assert "other_birth_date_and_no_name" not in reasons(con, "population", with_tie, PERSON)


def test_two_persons_with_one_number_have_nothing_in_common(con):
    other = changed(STRANGER, birth_date=PERSON["birth_date"])
    assert "two_persons_with_one_number" in reasons(con, "population", other, PERSON)
    with_tie = other | {"employer_name": PERSON["employer_name"]}
    assert "two_persons_with_one_number" not in reasons(con, "population", with_tie, PERSON)


def test_a_firm_founded_in_another_year_is_an_earlier_registration(con):
    later = changed(FIRM, establishment_date="2016-08-19")
    assert reasons(con, "legal_entity", later, FIRM) == {"code_of_an_earlier_registration"}


@pytest.mark.parametrize("date", ["2011-05-06", "2010-01-01", "2010-06-05"])
def test_one_digit_wrong_in_a_date_is_no_other_registration(con, date):
    slipped = changed(FIRM, establishment_date=date)
    assert reasons(con, "legal_entity", slipped, FIRM) == set()
