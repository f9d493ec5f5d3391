"""Facts behind the masks of a question: namesakes, numbers that were not adopted, whom to ask.

Everything is counted or named, nothing is shown: how many bear a name, why a number was not adopted
and which department's record it belongs to, and what would have to be found out where.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.contracts import usable_sources
from pipelines.contracts.source import Source
from pipelines.flows.shared.run_inputs import latest_run, records_of_run
from pipelines.flows.shared.session import Session
from pipelines.flows.steward.queue import Question
from pipelines.identity.review.decisions import Record
from pipelines.libraries import Library
from pipelines.report.steward.rule_words import rule_words
from pipelines.report.steward.side_by_side import EQUAL, SIDE_ZH, SIDES

_NAMES = ("person_name", "organization_name")  # elements
_SAYS_LITTLE = ("sex_code", "ethnicity_code", "marital_code", "region_code", "entity_status",
                "license_status", "holder_type")  # elements that many share  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """Of one question: sentences for a steward; ``advice`` is "" where what is shown may do."""

    sentences: Sequence[str]
    advice: str = ""

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join([*self.sentences, *([self.advice] if self.advice else [])])


def question_facts(
    session: Session,
    library: Library,
    asked: Sequence[Question],
    values: Mapping[str, Mapping[str, str | None]],
) -> Mapping[str, Facts]:
    """The facts of questions by their names.

    Args:
        session: Where the ledgers are.
        library: Whose questions.
        asked: The questions.
        values: What ``side_by_side`` shows of each.
    """
    sources = usable_sources(session.settings)
    bearers = _bearers(session, library, asked)
    withheld = withheld_numbers(session, library, _records(asked))
    found: dict[str, Facts] = {}
    for each in asked:
        shown = values.get(each.question, {})
        sides = dict(zip(SIDES, each.pair, strict=True))
        sentences = _names_said(library, shown, {s: bearers.get(r, 0) for s, r in sides.items()})
        for side, record in sides.items():
            if record in withheld:
                sentences.append(f"{SIDE_ZH[side]}的{withheld[record]}")
        found[each.question] = Facts(sentences, _advice(library, shown, sides, sources))
    return found


def _name_column(library: Library) -> str | None:
    """The column that holds what an entity is called."""
    columns = library.columns.items()
    return next((name for name, column in columns if column.element_name in _NAMES), None)


def _bearers(session: Session, library: Library, asked: Sequence[Question]) -> Mapping[Record, int]:
    """How many entities of the library bear the name of each record."""
    column = _name_column(library)
    if column is None or not asked:
        return {}
    all_ = records_of_run(session, library, latest_run(session, library))
    named = all_.select("source", "source_key", name=all_[column].cast("string"))
    mine = named.semi_join(_keys(_records(asked)), ["source", "source_key"])
    ledger = session.lake.read(session.con, f"identity.{library.entity}_record")
    alike = named.semi_join(mine, "name").inner_join(
        ledger.select("source", "source_key", "entity_id"), ["source", "source_key"]
    )
    counted = alike.group_by("name").agg(bearers=alike.entity_id.nunique())
    rows = session.con.to_pyarrow(mine.inner_join(counted, "name")).to_pylist()
    return {Record(row["source"], row["source_key"]): row["bearers"] for row in rows}


def _names_said(
    library: Library, shown: Mapping[str, str | None], bearers: Mapping[str, int]
) -> list[str]:
    column = _name_column(library)
    if column is None or not any(bearers.values()):
        return []
    title, counted = library.columns[column].title, "人" if library.entity == "person" else "家"
    same = shown.get(f"mark_{column}") == EQUAL
    if same:
        return [f"全库{title}相同的共 {max(bearers.values()):,} {counted}"]
    each = [f"{SIDE_ZH[side]}的{title} {number:,} {counted}" for side, number in bearers.items()]
    return [f"全库同名：{'，'.join(each)}"]


def withheld_numbers(
    session: Session, library: Library, records: Sequence[Record]
) -> Mapping[Record, str]:
    """Why the number of a record was not adopted, and whose it is; others are not in it."""
    table = f"identity.{library.entity}_dispute"
    if not records or not session.lake.has(table):
        return {}
    sources = usable_sources(session.settings)
    disputed = session.lake.read(session.con, table)
    mine = disputed.semi_join(_keys(records), ["source", "source_key"])
    ledger = session.lake.read(session.con, f"identity.{library.entity}_record")
    founders = ledger.filter(ledger.linked_source.isnull()).select(
        other_entity_id="entity_id", holder="source"
    )
    joined = mine.left_join(founders, "other_entity_id")
    strong = library.columns[library.identity.strong].title
    said: dict[Record, str] = {}
    for row in session.con.to_pyarrow(joined).to_pylist():
        words = f"{strong}未采信：{rule_words(row['reason'], library)}"
        if row["holder"]:
            owner = sources[row["holder"]].owner.department if row["holder"] in sources else ""
            words += f"；该号码由{owner or row['holder']}登记的 {row['other_entity_id']} 使用"
        said[Record(row["source"], row["source_key"])] = words
    return said


def _advice(
    library: Library,
    shown: Mapping[str, str | None],
    sides: Mapping[str, Record],
    sources: Mapping[str, Source],
) -> str:
    """What to ask which department for, where too little can be compared."""
    name = _name_column(library)
    telling = {
        column_name: column
        for column_name, column in library.columns.items()
        if column_name != name and column.element_name not in _SAYS_LITTLE
    }
    both = [n for n in telling if all(shown.get(f"{side}_{n}") for side in SIDES)]
    if both or not shown:
        return ""
    wanted = [n for n in (*library.identity.about, *library.identity.placed_by) if n in telling]
    asks = []
    for side, record in sides.items():
        lacking = [telling[n].title for n in wanted if not shown.get(f"{side}_{n}")]
        owner = sources[record.source].owner.department if record.source in sources else ""
        if lacking:
            asks.append(f"{owner or record.source}（{SIDE_ZH[side]}）查询{'、'.join(lacking)}")
    if not asks:
        return ""
    return f"所示内容不足以判定，请向{'；向'.join(asks)}。仍无法查明的，选“无法判断”。"


def _records(asked: Sequence[Question]) -> Sequence[Record]:
    return list(dict.fromkeys(record for each in asked for record in each.pair))


def _keys(records: Sequence[Record]) -> ir.Table:
    data = {"source": [r.source for r in records], "source_key": [r.key for r in records]}
    return ibis.memtable(data, schema=ibis.schema(dict.fromkeys(data, "string")))
