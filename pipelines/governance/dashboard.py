"""运营大屏: one page for hall and leaders; every number is a fact, the formula stands beside.

The ranking is ours: the mean of those shares that a department has (E1, E3, E4, E8, and E5 as a
share), each with the same weight; a share without facts counts neither for nor against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from pipelines.governance.evaluation import Figure
from pipelines.governance.page_template import page_template
from pipelines.standards.rules import Language

_TEMPLATES = Path(__file__).with_name("templates")
RANKED = ("E1", "E3", "E4", "E5", "E8")


@dataclass(frozen=True)
class Ranked:
    """One department: its score out of 100, and the shares that it is the mean of."""

    department: str
    score: float
    shares: Mapping[str, float | None]


@dataclass(frozen=True)
class Dashboard:
    """The page. Counts are facts as of ``as_of``; None: nothing was recorded."""

    jurisdiction: str
    as_of: str
    entries: int
    connected: int
    rows: Mapping[str, int]  # golden records by title of the library
    batches: int
    timely: tuple[int, int]
    calls: int
    consumers: int
    used_grants: tuple[int, int]
    returns: tuple[int, int]  # packages with a receipt, all packages
    late: int
    duties: int
    requests: tuple[int, int]  # answered, all
    ranking: Sequence[Ranked]


def rank(figures: Mapping[str, Sequence[Figure]]) -> list[Ranked]:
    """Departments with any of the shares, the best first; equal ones by name."""
    ranked = []
    for department, mine in figures.items():
        shares: dict[str, float | None] = dict.fromkeys(RANKED)
        shares |= {each.number: _share(each) for each in mine if each.number in RANKED}
        known = [each for each in shares.values() if each is not None]
        if known:
            ranked.append(Ranked(department, 100 * sum(known) / len(known), shares))
    return sorted(ranked, key=lambda each: (-each.score, each.department))


def _share(figure: Figure) -> float | None:
    value = figure.value
    return value / 100 if figure.number == "E5" and value is not None else value


def dashboard_page(board: Dashboard, language: Language = "zh") -> str:
    """The page as HTML: escaped, without script, loading nothing from elsewhere."""
    words = dashboard_words(language)
    return page_template(_TEMPLATES, "dashboard.html.j2").render(
        board=board,
        ranked=RANKED,
        w=words,
        title=words["title"].format(jurisdiction=board.jurisdiction),
        language=language,
        comma="，" if language == "zh" else ", ",
    )


@cache
def dashboard_words(language: Language) -> Mapping[str, str]:
    """Word to its text in a language."""
    words = yaml.safe_load(Path(__file__).with_name("dashboard.yml").read_text("utf-8"))
    return {name: texts[language] for name, texts in words.items()}
