"""The rules that the parser of an element can find broken, derived from the parser itself."""

from datetime import date

import ibis

from pipelines.clean.parser import ColumnToParse, parse_columns
from pipelines.clean.registry import parser_for
from pipelines.standards.elements import DataElement
from pipelines.standards.rules import severities


class _RecordedSeverities(dict[str, str]):
    """Severities that record for which rules they were looked up."""

    def __init__(self) -> None:
        super().__init__(severities())
        self.rules: set[str] = set()

    def __getitem__(self, rule: str) -> str:
        self.rules.add(rule)
        return super().__getitem__(rule)


def rules_of(element: DataElement) -> set[str]:
    """The codes of ``rules.yml`` that a finding about this element can carry.

    Takes a tenth of a second up to three: ``standards/element_rules.yml`` has the answers.
    """
    table = ibis.table({"delivered": "string"}, name="delivered")
    recorded = _RecordedSeverities()
    column = ColumnToParse("x", "delivered", parser_for(element))
    parse_columns(table, [column], date(2026, 6, 30), recorded)
    return recorded.rules
