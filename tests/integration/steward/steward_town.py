"""A town of a dozen records, staged by hand: small enough to know who is whom."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import ibis
import pyarrow as pa
from openpyxl import load_workbook

from pipelines.flows.library import build as flows
from pipelines.flows.shared.session import open_session
from pipelines.identity.review.schemas import QUESTION_SCHEMA
from pipelines.libraries import load_library
from pipelines.settings import Settings
from pipelines.warehouse import migrate

POLICE = "public_security__household_registration"
HEALTH = "health__medical_records"
INSURANCE = "human_resources__social_insurance"
DRIVERS = "transport__transport_licenses"
WANG, LI = "110105199001011239", "110105198505051234"
LINEAGE = {"source_key": "string", "_batch": "string", "_file": "string", "_line": "int64"}

Row = Mapping[str, object]


def person(
    key: str, name: str, birth: str | None = None, number: str | None = None, **more: object
):
    """One staged record of a person."""
    born = {"birth_date": birth, "citizen_id": number}
    if number:
        born["citizen_id_birth_date"] = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    return {"source_key": key, "person_name": name, "sex_code": "1", **born, **more}


PEOPLE: Mapping[str, Sequence[Row]] = {
    POLICE: [
        person("p1", "王伟", "1990-01-01", WANG, residence_address="和平路12号3单元"),
        person("p2", "李建国", "1985-05-05", LI, residence_address="解放路9号1单元"),
        person("p3", "赵敏", "1992-02-02"),
    ],
    HEALTH: [
        person("h1", "王伟", "1990-01-01", WANG, mobile="13900000001"),
        person("h2", "王韦", "1991-03-08", mobile="13900000001"),
        person("h3", "李建国", "1985-05-05", LI, mobile="13900000002"),
        person("h4", "赵敏", "1962-11-20", mobile="13900000003"),
    ],
    INSURANCE: [
        person("s1", "王伟", "1990-01-01", WANG, mobile="13900000001"),
        person("s2", "钱多多", "1970-07-07", mobile="13900000009"),
    ],
}
LICENSES: Mapping[str, Sequence[Row]] = {
    DRIVERS: [
        {"source_key": key, "license_number": key, "license_type_code": "x", "holder_code": number}
        for key, number in (("d1", WANG), ("d2", LI))
    ]
}


class Town:
    """What the steward's verbs work on, and how to build it again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.run = "20260630"

    def stage(self, library: str, sources: Mapping[str, Sequence[Row]]) -> None:
        """Replace what the sources say."""
        declared = load_library(library)
        schema = ibis.schema({**LINEAGE, **declared.record_columns})
        with open_session(self.settings) as session:
            for source, rows in sources.items():
                table = ibis.memtable(_arrow(rows, schema.names, source)).cast(schema)
                session.lake.write(session.con, table, f"staged.{source}", batch="20260630")

    def ask(self, *questions: Sequence[object], entity: str = "person") -> None:
        """Write what the resolver asks: left, right, kind, probability, rule."""
        rows = [(*left, *right, kind, p, rule, 2) for left, right, kind, p, rule in questions]
        values = list(zip(*rows, strict=True)) or [()] * len(QUESTION_SCHEMA)
        columns = {name: list(told) for name, told in zip(QUESTION_SCHEMA, values, strict=True)}
        asked = ibis.memtable(columns, schema=ibis.schema(QUESTION_SCHEMA))
        with open_session(self.settings) as session:
            session.lake.write(session.con, asked, f"identity.{entity}_question", batch=None)

    def build(self, run: str, libraries: Sequence[str] = ("population", "e_license")) -> None:
        """Resolve, merge and publish; the suites have tests of their own."""
        for library in libraries:
            for verb in (flows.resolve, flows.merge, flows.publish):
                verb(self.settings, library, run)

    def entities(self, entity: str = "person") -> dict[str, str]:
        """source_key -> entity id."""
        with open_session(self.settings) as session:
            ledger = session.lake.read(session.con, f"identity.{entity}_record")
            rows = session.con.to_pyarrow(ledger.select("source_key", "entity_id")).to_pylist()
        return {row["source_key"]: row["entity_id"] for row in rows}


def _arrow(rows: Sequence[Row], names: Sequence[str], source: str) -> pa.Table:
    lineage = {"_batch": "20260630", "_file": f"{source}.csv"}
    filled = [{**lineage, "_line": line, **row} for line, row in enumerate(rows, 2)]
    texts = {
        name: [None if row.get(name) is None else str(row[name]) for row in filled]
        for name in names
    }
    return pa.table({name: pa.array(values, pa.string()) for name, values in texts.items()})


def new_town(settings: Settings) -> Town:
    migrate(settings)
    town = Town(settings)
    town.stage("population", PEOPLE)
    town.stage("e_license", LICENSES)
    town.build(town.run)
    return town


def fill(path: Path, answers: Mapping[int, Mapping[str, str]]) -> Path:
    """Write into rows of a sheet (2 is the first question) by title."""
    book = load_workbook(path)
    page = book["待判定"]
    titles = {cell.value: cell.column for cell in page[1]}
    for row, cells in answers.items():
        for title, value in cells.items():
            page.cell(row, titles[title], value)
    filled = path.with_name("filled.xlsx")
    book.save(filled)
    return filled


def answer(verdict: str, reason: str = "看过档案") -> dict[str, str]:
    return {"结论": verdict, "理由": reason}
