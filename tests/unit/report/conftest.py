"""A source and a report of it, small and complete."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.contracts.source import Owner, Reporting, Server, Source, SourceColumn
from pipelines.report.owner.figures import OwnerFigures
from pipelines.report.owner.model import (
    Counts,
    Dimension,
    Example,
    Impact,
    Repairs,
    Report,
    Score,
    SourceReport,
    group_findings,
)

COUNTS = Counts(landed=1000, staged=980, superseded=5, quarantined=15)


def make_source(name="public_security__household_registration", **changes):
    fields = {
        "name": name,
        "title": "户籍人口登记",
        "library": "population",
        "file": Path("x.yml"),
        "server": Server("file", "csv", "/in/x.csv"),
        "columns": (
            SourceColumn("source_key", "户籍编号", primary_key=True),
            SourceColumn("citizen_id", "公民身份号码", "citizen_id"),
            SourceColumn("person_name", "姓名", "person_name"),
        ),
        "owner": Owner("示范市公安局", "户政科", ("huzheng@example.gov.cn",)),
        "delivery": "snapshot",
        "schedule": "0 2 * * *",
        "frequency": timedelta(days=1),
        "reporting": Reporting(),
    }
    return Source(**fields | changes)


def make_told(found=(), shown=None, before=None, source=None, **changes):
    """One section; ``found`` as (column, rule, rows, entities)."""
    source = source or make_source()
    impacts = [Impact(*each) for each in found]
    groups = group_findings(source, COUNTS, impacts, shown or {}, before)
    fields = {"failed": (), "remarks": (), "listed": 3} | changes
    return SourceReport(source, "20260630", COUNTS, groups, **fields)


def make_report(*told, **changes):
    sections = told or (make_told(),)
    return Report(owner=sections[0].source.owner, sources=sections, **changes)


SHOWN = {
    ("citizen_id", "CHECK_DIGIT"): [Example("户籍.csv 第 7 行", "1101*************1")],
    ("person_name", "USCC_CHECK"): [
        Example("记录 H1", "张*", other="示范市民政局《婚姻登记》", other_value="李*")
    ],
}


def full_told(shown=None, **changes):
    """A section in which nothing is missing."""
    found = [
        ("citizen_id", "CHECK_DIGIT", 12, 11),
        ("person_name", "USCC_CHECK", 3, 3, True),
        (None, "NO_KEY", 15, 15),
        *(("citizen_id", rule, 1, 1) for rule in MANY),
    ]
    score = Score(
        91.5,
        "B",
        history=[("20260628", 90.2), ("20260629", 91.9), ("20260630", 91.5)],
        before=91.9,
        dimensions=[Dimension("准确性", 88.0, 86.0), Dimension("可访问性", None)],
    )
    fields = {
        "before": {("citizen_id", "CHECK_DIGIT"): 0.5, (None, "NO_KEY"): 0.001},
        "history": [("20260629", 0.5), ("20260630", 0.03)],
        "against": "20260629",
        "remarks": ["新增列：备注"],
        "score": score,
        "repairs": Repairs(21, 2, 1, 5, 33, 4),
        "months": [
            (date(2026, 5, 1), OwnerFigures("", "", 701, 702, 703, 704, 705, 706, 707, 3.26)),
            (date(2026, 6, 1), OwnerFigures("", "", still_open=708)),
        ],
    }
    return make_told(found, shown or SHOWN, **fields | changes)


MANY = ("SEQ_000", "LENGTH", "BIRTH_INVALID", "MISSING_REQUIRED", "PLACEHOLDER",
        "REGION_UNKNOWN", "UPGRADED_FROM_15", "MASKED")  # fmt: skip


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Where the font and matplotlib's list of fonts are kept for all tests."""
    return tmp_path_factory.mktemp("cache")


class Build:
    """Makes reports for tests; one object, so that hypothesis can use it, too."""

    source = staticmethod(make_source)
    told = staticmethod(make_told)
    report = staticmethod(make_report)
    full = staticmethod(full_told)
    day = date
    shown = SHOWN


@pytest.fixture(scope="session")
def build():
    return Build()
