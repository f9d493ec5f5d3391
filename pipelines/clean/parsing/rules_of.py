"""The rules that the parser of an element can find broken, derived from the parser itself."""

from collections.abc import Mapping
from datetime import date
from functools import cache

import ibis

from pipelines.clean.parsing.parser import ColumnToParse, Parser, parse_columns
from pipelines.clean.parsing.registry import parser_for
from pipelines.standards.elements import DataElement
from pipelines.standards.rules import load_element_rules, severities


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

    Takes a tenth of a second up to three, once: ``standards/element_rules.yml`` has the answers.
    """
    return set(_asked(parser_for(element)))


def known_rules(element: DataElement) -> frozenset[str]:
    """As ``rules_of``; written down for the elements of the package, asked once for a site's."""
    written: Mapping[str, frozenset[str]] = load_element_rules()
    if element.name in written:
        return written[element.name]
    return _asked(parser_for(element))


@cache
def _asked(parser: Parser) -> frozenset[str]:
    table = ibis.table({"delivered": "string"}, name="delivered")
    recorded = _RecordedSeverities()
    column = ColumnToParse("x", "delivered", parser)
    parse_columns(table, [column], date(2026, 6, 30), recorded)
    return frozenset(recorded.rules)
