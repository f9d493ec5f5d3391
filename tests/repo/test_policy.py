"""The policy is gone through row by row: what is named is there, what is left out says why."""

import re
from pathlib import Path

import typer

from pipelines.cli.main import app
from pipelines.flows.desk.governance import GOVERNANCE_TABLES

PROJECT = Path(__file__).parents[2]
POLICY = PROJECT / "docs/policy.md"
ROWS_OF_THE_POLICY = 54  # systems, registers, platforms, reports, mechanisms that it names
CLASSES = {"a", "b", "c", "a/b"}
COMMAND = re.compile(r"`(baselib [a-z -]+)`")
PAGE = re.compile(r"`governance/([a-z_]+)`")
TEST = re.compile(r"`(tests/[\w./]+)`")
LINK = re.compile(r"\]\(([\w-]+\.md)\)")


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    heads = ("clause", "article", "---")
    return [row for row in cells if not row[0].startswith(heads)]


def commands() -> set[str]:
    found: set[str] = set()

    def walk(command, path):
        found.add(" ".join(path))
        for name, below in getattr(command, "commands", {}).items():
            walk(below, [*path, name])

    walk(typer.main.get_command(app), ["baselib"])
    return found


def wrong(text: str) -> list[str]:
    known, pages = commands(), {*GOVERNANCE_TABLES, "dashboard"}
    found = []
    for row in rows(text):
        clause, what, kind, where, test = row
        about = f"{clause} {what}"
        if kind not in CLASSES:
            found.append(f"{about}: no class")
        if not where or (kind == "c") != (not test):
            found.append(f"{about}: says neither where with a test, nor why not")
        if kind != "c" and not (COMMAND.search(where) or LINK.search(where)):
            found.append(f"{about}: names no command and no page of the guide")
        found += [f"{about}: {c}" for c in COMMAND.findall(where) if c not in known]
        found += [f"{about}: page {p}" for p in PAGE.findall(where) if p not in pages]
        found += [f"{about}: {t}" for t in TEST.findall(test) if not (PROJECT / t).exists()]
        links = [link for link in LINK.findall(where) if not (POLICY.parent / link).exists()]
        found += [f"{about}: {link}" for link in links]
    return found


def test_every_row_says_where_it_is_or_why_not():
    text = POLICY.read_text(encoding="utf-8")
    assert wrong(text) == []
    first = text.split("《政务数据共享条例》(国令", 1)[0]
    assert len(rows(first)) == ROWS_OF_THE_POLICY
    assert {row[2] for row in rows(text)} == CLASSES


def test_what_is_named_and_not_there_is_noticed():
    row = "| 二 | x | a | `baselib fly` and page `governance/moon` | `tests/none.py` |"
    assert len(wrong(row)) == 3
    assert wrong("| 二 | x | c | | |")
    assert wrong("| 二 | x | a | later | |")
