"""A town with questions, and the pages of it, served as Airflow serves them."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
sys.path.append(str(HERE.parent / "steward"))

from steward_town import HEALTH, INSURANCE, POLICE, Town  # noqa: E402

WANGS = ((HEALTH, "h1"), (HEALTH, "h2"), "potential_match", 0.7, "score")
ZHAOS = ((POLICE, "p3"), (HEALTH, "h4"), "potential_match", 0.9, "score")
STRANGERS = ((POLICE, "p2"), (INSURANCE, "s2"), "conflict", None, "same_mobile")


@dataclass(frozen=True)
class Site:
    """The pages of a town."""

    town: Town
    url: str
    started: Path

    def client(self, user: str = "wang:admin", language: str = "zh-CN") -> httpx.Client:
        headers = {"X-User": user, "Accept-Language": language}
        return httpx.Client(
            base_url=self.url, headers=headers, timeout=60, verify=False, trust_env=False
        )

    def runs(self) -> list[dict[str, str]]:
        lines = self.started.read_text("utf-8").splitlines() if self.started.exists() else []
        return [json.loads(line) for line in lines]


def token(html: str) -> str:
    """The token of a page."""
    return re.search(r'(?:name="csrf" value|data-csrf)="([0-9a-f]{64})"', html)[1]
