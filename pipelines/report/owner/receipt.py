"""The receipt that an owner gets for a repair sheet: what was taken, what was not, and why."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from pipelines.contracts.source import Source
from pipelines.quality.answers import VERDICTS, VERDICTS_EN
from pipelines.report.owner.answered import AnsweredLine
from pipelines.report.owner.render import Rendered, fill_template
from pipelines.standards.rules import Language

_WORDS_FILE = Path(__file__).parents[1] / "receipt.yml"
LISTED: Final = 200  # lines in the mail; with more, what was taken is left to the attached list


@dataclass(frozen=True)
class Receipt:
    """The answers about one source: ``lines`` in the sheet's order, those without an answer not."""

    source: Source
    batch: str
    files: Sequence[str]
    who: str
    lines: Sequence[AnsweredLine]
    unanswered: int

    @property
    def refused(self) -> Sequence[AnsweredLine]:
        """What was not taken."""
        return [line for line in self.lines if not line.is_kept]

    @property
    def shown(self) -> Sequence[AnsweredLine]:
        """What the mail lists: everything, or of very many lines first those that were refused."""
        if len(self.lines) <= LISTED:
            return self.lines
        return [*self.refused, *(line for line in self.lines if line.is_kept)][:LISTED]


def render_receipt(receipt: Receipt, contact: str) -> Rendered:
    """The mail; every value in it is masked as in the sheet."""
    language = receipt.source.reporting.language
    w, verdicts = receipt_words(language), VERDICTS_EN if language == "en" else VERDICTS
    taken, refused = len(receipt.lines) - len(receipt.refused), len(receipt.refused)
    owner = receipt.source.owner
    greeting = w["greeting"].format(department=owner.department, team=owner.team)
    counts = Counter(line.verdict for line in receipt.lines)
    fields = {
        "subject": w["subject"].format(
            title=receipt.source.title, batch=receipt.batch, taken=taken, refused=refused
        ),
        "greeting": greeting.replace(" ：", "：").replace(" :", ":"),
        "received": w["received"].format(
            files=w["and"].join(receipt.files),
            who=receipt.who,
            answers=len(receipt.lines),
            taken=taken,
            refused=refused,
        ),
        "receipt": receipt,
        # What to do about it stands with each answer; here it is counted.
        "counts": [
            (re.split("[；;]", verdicts[verdict])[0], counts[verdict])
            for verdict in VERDICTS
            if counts[verdict]
        ],
        "said": lambda line: line.said(language),
        "whose": lambda line: line.whose(language),
        "left_out": len(receipt.lines) - len(receipt.shown),
        "contact": contact,
        "w": w,
        "english": language == "en",
    }
    text, html = (fill_template(f"receipt.{form}.j2", **fields) for form in ("txt", "html"))
    return Rendered(str(fields["subject"]), text, html)


@cache
def receipt_words(language: Language) -> Any:
    """The words of the receipt."""
    return yaml.safe_load(_WORDS_FILE.read_text(encoding="utf-8"))[language]
