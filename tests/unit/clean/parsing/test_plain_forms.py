"""A plain form and its parser agree, on texts that are nearly plain and on both engines.

The parser without its plain form is the oracle: what it makes of a text is what the parser with it
must make of it, whichever way the text has taken.
"""

import random
from dataclasses import replace
from datetime import date

import ibis
import pytest
from cleaning_laws import LAW, ODD
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.clean.parsing.parser import ColumnToParse, delivered_texts, parse_columns
from pipelines.clean.parsing.registry import parser_for
from pipelines.engines.texts import parsed_texts
from pipelines.standards.elements import load_elements
from pipelines.standards.rules import severities

AS_OF = date(2026, 6, 30)
# Of the standards and of docs: valid, and of nobody. Every one of them is plain.
PLAIN = {
    "citizen_id": [
        "11010519491231002X",
        "110105194912310038",
        "330106199003071236",
        "429004195502289997",
    ],
    "uscc": ["91350100M000100Y43", "91110000600037341L", "91310230MA1K314J7C"],
    "person_name": ["王芳", "李小明", "欧阳志强", "张生", "周保国", "马子之"],
    "birth_date": ["1990-03-07", "19900307", "2026-06-30", "2000-02-28", "1931-12-31"],
    "date": ["1990-03-07", "19901130", "2099-12-31", "1901-01-01", "2026-07-01"],
    "timestamp": ["2026-06-30 23:59:59", "1990-03-07 00:00:00", "2025-12-01 12:30:01"],
    "sex_code": ["1", "2"],
    "ethnicity_code": ["01", "56"],
    "marital_code": ["10", "20"],
    "entity_status": ["1", "4"],
    "license_status": ["valid", "expired"],
    "holder_type": ["111", "001"],
    "region_code": ["110105", "110000", "429004"],
    "industry_code": ["A01", "C1311", "C13", "I651", "C1301"],
    "mobile": ["13912345678", "19900000001"],
    "phone": ["13912345678", "010-87654321", "0571-8765432", "021-65432109"],
    "text": ["备注", "A12", "测试员", "无锡", "na1"],
}
# Words, figures and signs at which a plain form may be too generous.
_PIECES = [
    *(
        "先生",
        "女士",
        "某",
        "无",
        "婴",
        "测试",
        "等",
        "之子",
        "未知",
        "無",
        "張",
        "〇",
        "·",
        "null",
    ),
    *("XXXXX", "00", "000", "11", "0229", "1900", "9999", "2026", "-", "/", " ", "T", "07", "31"),
    *("0", "1", "7", "9", "X", "A", "O", "王", "公司", "８", "⽊"),
]
ELEMENTS = {name: e for name, e in load_elements().items() if parser_for(e).plain}
PARSERS = {name: parser_for(element) for name, element in ELEMENTS.items()}
ORACLES = {name: replace(parser, plain=None) for name, parser in PARSERS.items()}
each_parser = pytest.mark.parametrize("element", ELEMENTS)


def changed(text: str, rng: random.Random) -> str:
    """A text with up to three changes: a sign or a piece put in, replaced or left out."""
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        at = rng.randint(0, len(text))
        new = rng.choice(("", rng.choice(_PIECES), rng.choice(ODD), rng.choice(text or "x")))
        text = text[:at] + new + text[at + rng.randint(0, 2) :]
    return text


def nearly_plain(element: str, seed: int, size: int) -> list[str]:
    rng = random.Random(seed)
    return [changed(rng.choice(PLAIN[element]), rng) for _ in range(size)]


def test_every_plain_form_is_tried():
    assert set(PLAIN) == set(ELEMENTS)


@each_parser
def test_what_is_plain_needs_no_parser(duckdb_backend, element):
    table = ibis.memtable(
        {"delivered": [*PLAIN[element], None, ""]}, schema={"delivered": "string"}
    )
    columns = [ColumnToParse("x", "delivered", PARSERS[element])]
    (texts,) = delivered_texts(table, columns, AS_OF).values()
    assert duckdb_backend.to_pyarrow(texts).to_pylist() == []
    with parsed_texts(duckdb_backend, table, columns, AS_OF) as tables:
        assert tables == {}
        parsed = parse_columns(table, columns, AS_OF, severities(), tables)
        assert {len(row["findings"]) for row in duckdb_backend.to_pyarrow(parsed).to_pylist()} == {
            0
        }


@each_parser
@settings(LAW, max_examples=3)
@given(seed=st.integers(0, 2**32), as_of=st.sampled_from((AS_OF, date(2000, 2, 29))))
def test_plain_form_and_parser_agree(clean_fast, element, seed, as_of):
    agree(clean_fast, element, [*nearly_plain(element, seed, 300), None, ""], as_of)


@each_parser
def test_they_agree_on_every_engine(clean, element):
    agree(clean, element, [*PLAIN[element], *nearly_plain(element, 1, 60), None, ""], AS_OF)


def agree(clean, element, texts, as_of):
    mine = clean(PARSERS[element], texts, as_of)
    its = clean(ORACLES[element], texts, as_of)
    for text, one, other in zip(texts, mine, its, strict=True):
        assert one == other, text
