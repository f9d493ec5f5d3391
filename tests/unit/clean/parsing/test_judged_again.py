"""Until the day that a parser names, a text is judged as it is today: the law of ``due``.

What a batch was judged to be holds for an equal one that comes later, unless such a day lies
between them. So a parser that asks what day it is and does not say until when is found here.
"""

import random
from dataclasses import replace
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pytest
from cleaning_laws import LAW
from hypothesis import given, settings
from hypothesis import strategies as st

import pipelines.clean.parsing.parser as parser_module
from pipelines.clean.identifiers.check_digits import icao_9303, mod_11_2_sign, mod_11_2_total
from pipelines.clean.parsing.parser import Scratch, parse_texts
from pipelines.clean.parsing.registry import parser_for
from pipelines.engines import kept_sql
from pipelines.standards.code_tables import load_regions
from pipelines.standards.elements import load_elements
from pipelines.standards.rules import severities

PARSERS = {}  # several elements share a parser
for _element in load_elements().values():
    PARSERS.setdefault(parser_for(_element), _element.name)
NAMED = {name: parser for parser, name in PARSERS.items()}
DATED = [name for name, parser in NAMED.items() if parser.due]
TODAYS = (date(2026, 6, 30), date(2000, 2, 29), date(1999, 12, 31), date(2013, 1, 1))
OTHER_TEXTS = (
    "王小明",
    "110105",
    "13912345678",
    "91350100M000100Y43",
    "长期",
    "无",
    "330106",
    "A01",
)
REGIONS = [str(code) for code in load_regions()["code"]]


def near(as_of: date, rng: random.Random) -> date:
    """A day at which some rule turns: today, 121 or 100 years before or after, and around it."""
    years = rng.choice((0, 0, 0, -121, -120, 100, 101, 5, -20))
    day = as_of.replace(year=as_of.year + years, day=min(as_of.day, 28))
    return day + timedelta(
        days=rng.choice((0, 1, -1, 2, 3, 30, -30, 364, 366, rng.randint(0, 999)))
    )


def texts_of(as_of: date, rng: random.Random) -> list[str]:
    days = [near(as_of, rng) for _ in range(60)]
    texts = [*OTHER_TEXTS, *rng.sample(REGIONS, 40)]
    for day in days:
        compact = f"{day:%Y%m%d}".zfill(8)
        region = rng.choice((*rng.sample(REGIONS, 2), "110105"))
        texts += [day.isoformat(), compact, f"{day.isoformat()} 08:30:00", f"{day.year}年3月1日"]
        texts.append(f"{region}{compact}{rng.choice(('001', '123', '998'))}X")
        texts.append(f"{region}{compact[2:]}12{rng.randint(0, 9)}")
        texts.append(f"USA{region[:4]}{compact[2:]}1{rng.randint(0, 9)}")
    return sorted({*texts, *right_numbers(texts)})


def right_numbers(texts: list[str]) -> list[str]:
    """The numbers among the texts once more with the sign that makes them right."""
    con = kept_sql.connect()
    long = [text[:17] for text in texts if len(text) == 18 and text[:17].isdigit()]
    foreign = [text for text in texts if len(text) == 15 and text.startswith("USA")]
    one = ibis.memtable({"t": long}, schema={"t": "string"})
    signed = one.select(t=one.t + mod_11_2_sign(mod_11_2_total(one.t.cast("int64"))))
    other = ibis.memtable({"t": foreign}, schema={"t": "string"})
    checked = other.select(t=other.t.left(14) + icao_9303(other.t))
    return [text for each in (signed, checked) for text in con.to_pyarrow(each)["t"].to_pylist()]


def outcomes(con, parser, texts: list[str], as_of: date) -> dict[str, dict]:
    table = ibis.memtable({"raw": texts}, schema={"raw": "string"})
    parsed = con.to_pyarrow(parse_texts(table, parser, as_of, severities())).to_pylist()
    return {row.pop("raw"): row for row in parsed}


class Undated(Scratch):
    """A scratch for which there is no day: who asks for it fails."""

    def __init__(self, table: ir.Table, _as_of: date) -> None:
        self._table = table

    def __getattr__(self, name: str) -> ir.Value:
        assert not name.startswith("as_of"), "asks which day it is and does not say until when"
        return self._table[name]


@pytest.mark.parametrize("element", [name for name in NAMED if name not in DATED])
def test_whoever_says_no_day_asks_for_none(monkeypatch, element):
    monkeypatch.setattr(parser_module, "Scratch", Undated)
    texts = ibis.memtable({"raw": ["x"]}, schema={"raw": "string"})
    parse_texts(texts, NAMED[element], date(2026, 6, 30), severities())


@pytest.mark.parametrize("element", DATED)
def test_whoever_says_a_day_asks_for_one(monkeypatch, element):
    """Else the test above would pass, whatever a parser asks for."""
    monkeypatch.setattr(parser_module, "Scratch", Undated)
    texts = ibis.memtable({"raw": ["x"]}, schema={"raw": "string"})
    with pytest.raises(AssertionError, match="asks which day it is"):
        parse_texts(texts, NAMED[element], date(2026, 6, 30), severities())


@pytest.mark.parametrize("element", DATED)
@settings(LAW, max_examples=2)
@given(seed=st.integers(0, 2**32), as_of=st.sampled_from(TODAYS), after=st.integers(0, 800))
def test_until_it_is_due_a_text_is_judged_as_today(duckdb_backend, element, seed, as_of, after):
    rng, parser = random.Random(seed), NAMED[element]
    texts, later = texts_of(as_of, rng), as_of + timedelta(days=after)
    today = outcomes(duckdb_backend, parser, texts, as_of)
    then = outcomes(duckdb_backend, parser, texts, later)
    for text in texts:
        due = today[text].pop("due", None)
        then[text].pop("due", None)
        if due is None or later < due:
            assert then[text] == today[text], (text, due, later)
        assert due is None or due > as_of


def test_a_plain_date_of_birth_holds_until_the_oldest_is_too_old():
    """On 30 June 2026 the oldest that is plain is of 1 January 1907: 121 years on that day."""
    holds_until = NAMED["birth_date"].plain.until
    assert holds_until(date(2026, 6, 30)) == date(2028, 1, 1)


@pytest.mark.parametrize("element", [name for name in DATED if NAMED[name].plain])
def test_what_is_plain_stays_as_it_is_until_the_day_named(duckdb_backend, element):
    parser, as_of = NAMED[element], TODAYS[len(element) % len(TODAYS)]
    texts = texts_of(as_of, random.Random(as_of.toordinal()))
    until = parser.plain.until(as_of)
    last = until - timedelta(days=1) if until else as_of + timedelta(days=800)
    table = ibis.memtable({"raw": texts}, schema={"raw": "string"})
    plain = table.filter(parser.plain.applies(table.raw, as_of).fill_null(False))
    chosen = duckdb_backend.to_pyarrow(plain)["raw"].to_pylist()
    oracle = replace(parser, plain=None, due=None)
    assert outcomes(duckdb_backend, oracle, chosen, as_of) == outcomes(
        duckdb_backend, oracle, chosen, last
    )
