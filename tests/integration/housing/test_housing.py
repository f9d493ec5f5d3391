"""A fourth library out of two kinds of YAML: every layer follows from the declarations."""

from tests.integration.housing.conftest import FIRM, OWNER, POLICE, REGISTER, SURVEY, UNITS, City



def test_everything_is_built(city: City):
    print(city.outcome.failures)
    for t in ("base.house","base.house_source","share.house","quality.score","quality.expectation_result"):
        print(t); [print("  ", r) for r in city.base(f"SELECT * FROM {t} LIMIT 40")]
    for t in (REGISTER,SURVEY):
        print(city.lake(f"staged.{t}","source_key, findings")); print(city.lake(f"quarantine.{t}","source_key, reasons"))
    print(city.lake("identity.house_finding","*"))
    print("\n\n".join(city.mails()))
    assert 0
