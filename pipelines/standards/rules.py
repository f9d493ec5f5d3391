"""Rules: everything that can be wrong with a value or a record, declared once in ``rules.yml``.

A finding carries a rule's code; everything that a person reads about it (in Chinese or English),
its severity and its GB/T 36344 indicator are looked up here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from pipelines.errors import DeclarationRefused

Severity = Literal["error", "warning", "info"]
Language = Literal["zh", "en"]

RULES_FILE = Path(__file__).with_name("rules.yml")
ELEMENT_RULES_FILE = Path(__file__).with_name("element_rules.yml")


@dataclass(frozen=True)
class Rule:
    """One rule; ``error`` makes the value NULL, ``warning`` and ``info`` keep it."""

    code: str
    severity: Severity
    zh: str  # what is wrong, to a data owner
    repair_zh: str  # what he should do
    en: str
    repair_en: str
    clause: str  # standard and clause, or "" for a rule of this project
    indicator: str  # GB/T 36344 indicator number, e.g. "0301"
    clause_en: str = ""  # where the clause is written in Chinese

    def problem_in(self, language: Language) -> str:
        """What is wrong, for the data owner."""
        return self.en if language == "en" else self.zh

    def repair_in(self, language: Language) -> str:
        """What its owner should do."""
        return self.repair_en if language == "en" else self.repair_zh

    def clause_in(self, language: Language) -> str:
        """Standard and clause; "" for a rule of this project."""
        return self.clause_en or self.clause if language == "en" else self.clause


@cache
def load_rules(file: Path = RULES_FILE) -> Mapping[str, Rule]:
    """All rules by code.

    Raises:
        DeclarationRefused: a rule misses a field, or has one that does not exist.
    """
    declared = yaml.safe_load(file.read_text(encoding="utf-8"))
    rules: dict[str, Rule] = {}
    for code, fields in declared.items():
        try:
            rules[code] = Rule(code=code, **fields)
        except TypeError as error:
            raise DeclarationRefused(file, code, str(error), "Compare with other rules.") from None
    return rules


def severities() -> Mapping[str, Severity]:
    """Rule code to severity."""
    return {code: rule.severity for code, rule in load_rules().items()}


@cache
def load_element_rules(file: Path = ELEMENT_RULES_FILE) -> Mapping[str, frozenset[str]]:
    """Element to the rules that its parser can find broken; what a score is "out of".

    Written by ``make docs`` from the parsers, which take seconds to import.
    """
    declared = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {element: frozenset(rules) for element, rules in declared.items()}
