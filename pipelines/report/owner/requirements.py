"""Requirements that a batch did not meet: what is wrong, with actual and limit in one unit."""

from collections.abc import Sequence

from pipelines.contracts.source import Source
from pipelines.libraries import rules_of_library
from pipelines.quality.breaches import Breach
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.report.owner.model import FailedExpectation
from pipelines.report.titles import column_title
from pipelines.report.words import vocabulary
from pipelines.standards.rules import Language

MOST_BREACHES = 5  # of one requirement; the others are counted
_SHARES = ("share", "column_with_error", "finding", "quarantined", "column_missing",
           "quarantine_reason", "null_rate", "code_share")  # fmt: skip


def failed_requirement(
    outcome: ExpectationOutcome, breaches: Sequence[Breach], source: Source
) -> FailedExpectation:
    """What is wrong in the owner's language, and what the requirement claims.

    In English the claim by its name: suites explain themselves to owners in Chinese.
    """
    language = source.reporting.language
    claim = f"Requirement: {outcome.name.replace('_', ' ')}"
    sentences = breach_sentences(breaches, source, language)
    return FailedExpectation(
        claim if language == "en" else outcome.note_zh,
        outcome.severity,
        sentences or [vocabulary(language).words["not_judged"]],
    )


def breach_sentences(
    breaches: Sequence[Breach], source: Source, language: Language
) -> Sequence[str]:
    """What is wrong, a sentence per breach; of many the worst, and how many more there are."""
    sentences = [_sentence(each, source, language) for each in breaches[:MOST_BREACHES]]
    more = len(breaches) - len(sentences)
    words = vocabulary(language).words
    return [*sentences, words["more_breaches"].format(number=more)] if more else sentences


def _sentence(breach: Breach, source: Source, language: Language) -> str:
    """One breach: subject, what was measured, and the limit that it crossed."""
    terms = vocabulary(language)
    kind = breach.kind if breach.kind in terms.breaches else "figure"
    rule = rules_of_library(source.library).get(breach.rule)
    return terms.breaches[kind].format(
        column=column_title(source, breach.column_name) or terms.words["whole_row"],
        problem=rule.problem_in(language).rstrip("。.") if rule else "",
        code=breach.code,
        actual=_figure(breach.kind, breach.actual),
        usual=_usual(breach, language),
        limit=_limit(breach, language),
    )


def _limit(breach: Breach, language: Language) -> str:
    words = vocabulary(language).words
    if breach.high is not None and (breach.low is None or breach.actual > breach.high):
        return words["at_most"].format(limit=_figure(breach.kind, breach.high, exact=True))
    if breach.low is not None:
        return words["at_least"].format(limit=_figure(breach.kind, breach.low, exact=True))
    return words["no_limit"]


def _usual(breach: Breach, language: Language) -> str:
    """The usual range of a measure that has a history."""
    low, high = (
        "—" if bound is None else _figure(breach.kind, bound) for bound in (breach.low, breach.high)
    )
    return vocabulary(language).words["usual"].format(low=low, high=high)


def _figure(kind: str, value: float, *, exact: bool = False) -> str:
    """A share as per cent, anything else as a number; a limit as it was declared."""
    if kind not in _SHARES:
        return f"{value:,.1f}".removesuffix(".0")
    if exact:
        return f"{round(100 * value, 4):g} %"
    if 0 < value < 0.0005:
        return "<0.1 %"
    return ">99.9 %" if 0.9995 <= value < 1 else f"{100 * value:.1f} %"
