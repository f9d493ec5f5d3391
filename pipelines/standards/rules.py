"""Rules: everything that can be wrong with a value or a record, declared once in ``rules.yml``.

A finding carries a rule's code; everything that a person reads about it (in Chinese or English),
its severity and its GB/T 36344 indicator are looked up here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from pipelines.errors import DeclarationRefused

Severity = Literal["error", "warning", "info"]
Language = Literal["zh", "en"]
Harm = Literal["lost", "mistaken", "unusable", "doubtful", "converted"]  # the worst first
HARMS: Sequence[Harm] = ("lost", "mistaken", "unusable", "doubtful", "converted")

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
    harm: Harm | Literal[""] = ""  # what it does to the record; "": what its severity says
    told_by: Sequence[str] = ()  # rules that tell of the same fault of a value, and more exactly
    is_record: bool = True  # False: the row that breaks it was never meant to be one

    @property
    def worst(self) -> Harm:
        """What a finding of the rule does to its record."""
        return self.harm or ("unusable" if self.severity == "error" else "doubtful")

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
        DeclarationRefused: a rule misses a field, has one that does not exist, or names a rule
            that does not.
    """
    declared = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    rules: dict[str, Rule] = {}
    for code, fields in declared.items():
        try:
            rules[code] = Rule(code=code, **fields)
        except TypeError as error:
            raise DeclarationRefused(file, code, str(error), "Compare with other rules.") from None
    for rule in rules.values():
        if rule.harm and rule.harm not in HARMS:
            problem = f"harm: {rule.harm} is none."
            raise DeclarationRefused(file, rule.code, problem, f"One of {', '.join(HARMS)}.")
        if unknown := set(rule.told_by) - rules.keys():
            problem = f"is told by {', '.join(sorted(unknown))}, which is no rule."
            raise DeclarationRefused(file, rule.code, problem, "Name rules of this file.")
    return rules


def severities() -> Mapping[str, Severity]:
    """Rule code to severity."""
    return {code: rule.severity for code, rule in load_rules().items()}


def rules_of_no_record() -> Sequence[str]:
    """Rules of rows that are no records: nothing is lost with them, so no limit counts them."""
    return sorted(code for code, rule in load_rules().items() if not rule.is_record)


@cache
def load_element_rules(file: Path = ELEMENT_RULES_FILE) -> Mapping[str, frozenset[str]]:
    """Element to the rules that its parser can find broken; what a score is "out of".

    Written by ``make docs`` from the parsers, which take seconds to import.
    """
    declared = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return {element: frozenset(rules) for element, rules in declared.items()}
