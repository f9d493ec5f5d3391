"""From an audit to bounds that are kept, and a gate that demands them."""

from dataclasses import replace

import pytest
from openpyxl import load_workbook
from sqlalchemy import text
from steward_town import answer, fill

from pipelines.flows.library.accuracy import check_accuracy
from pipelines.flows.shared.session import open_session
from pipelines.identity.review.errors import AccuracyNotProven
from pipelines.libraries import load_library

LIBRARY = load_library("population")


def measured(town, **demanded):
    with open_session(town.settings) as session:
        return check_accuracy(session, replace(LIBRARY, accuracy=demanded), town.run)


def kept(warehouse):
    query = text("SELECT links, sampled, precision_lower, strata FROM quality.identity_accuracy")
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_nothing_is_measured_where_nobody_audited(town, warehouse):
    assert measured(town) is None
    assert kept(warehouse) == []


def test_a_gate_without_an_audit_is_shut(town):
    with pytest.raises(AccuracyNotProven, match=r"precision is at least 0\.0000%.*99\.9"):
        measured(town, precision=0.999)


def test_an_audit_gives_bounds_and_opens_the_gate(town, baselib, tmp_path, warehouse):
    path = tmp_path / "audit.xlsx"
    assert "3 questions" in baselib(
        *("identity", "export", "population", "--to", path, "--audit", "300")
    )
    page = load_workbook(path)["待判定"]
    asked = [row[0].row for row in list(page)[1:] if row[1].value]
    assert {page.cell(row, 2).value for row in asked} == {"抽查"}
    verdicts = ("同一", "同一", "不同")
    filled = fill(path, dict(zip(asked, map(answer, verdicts), strict=True)))
    baselib("identity", "import", filled, "--by", "张三", "--apply")
    found = measured(town)
    assert (found.links, found.sampled) == (3, 3)
    assert found.precision_mean == pytest.approx(2 / 3)
    assert 0.2 < found.precision_lower < 0.3
    ((links, sampled, lower, (stratum,)),) = kept(warehouse)
    assert (links, sampled, lower) == (3, 3, found.precision_lower)
    assert stratum == {
        "name": "linked:strong_identifier",
        "linked": True,
        "size": 3,
        "sampled": 3,
        "right": 2,
    }
    assert measured(town, precision=0.2)
    with pytest.raises(AccuracyNotProven, match="recall is at least"):
        measured(town, precision=0.2, recall=0.5)
