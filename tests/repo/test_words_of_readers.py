"""Every text that is written into the code speaks its readers' language, not the project's own."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.taboo_words import INSTEAD, taboo_words

PROJECT = Path(__file__).parents[2]
FOLDERS = ("pipelines", "plugins", "dags", "expectations", "sources", "grants", "governance")
KINDS = (".py", ".yml", ".j2", ".html", ".js", ".json", ".csv")
TEXTS = sorted(
    file
    for folder in FOLDERS
    for file in (PROJECT / folder).rglob("*")
    if file.suffix in KINDS and "__pycache__" not in file.parts
)
# Not words of ours: what people write into a field that they leave open, and a name in the ledger.
DELIBERATE: dict[str, Sequence[str]] = {
    "pipelines/clean/characters.py": ("待定",),
    "pipelines/demo/dirt/spoilers.py": ("待定",),
    "pipelines/governance/resources/lint.py": ("待定",),
    "pipelines/identity/rules/match.py": ("founding_record",),
    "pipelines/libraries/check.py": ("founding_record",),
    "pipelines/report/steward/rule_words.py": ("founding_record",),
}
DOUBLED = ("。。", "，，", "；；", "，。", "。，", " ，", " 。", "、、")
CATALOGUES = (
    "pipelines/report/words.yml",
    "pipelines/report/notices.yml",
    "pipelines/report/receipt.yml",
    "pipelines/standards/rules.yml",
    "plugins/pages/words.yml",
)


def test_no_text_has_a_word_of_the_projects_own():
    names = {str(file.relative_to(PROJECT)): file for file in TEXTS}
    found = {
        name: words
        for name, file in names.items()
        if (words := taboo_words(file.read_text("utf-8"), DELIBERATE.get(name, ())))
    }
    assert found == {}


def test_every_exception_is_still_one():
    for name, words in DELIBERATE.items():
        text = (PROJECT / name).read_text("utf-8")
        assert [word for word in words if word not in text] == [], f"{name}: take it off the list"


@pytest.mark.parametrize("word", ["质量关卡", "数据契约", "实体", "登记为：***", "要求 ≤ 0.2"])
def test_a_taboo_word_is_found(word):
    assert len(taboo_words(f"前文{word}；后文")) == 1
    assert taboo_words("实际 49.0 %，上限 20 %；证据强弱；归并结果") == []


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_catalogue_has_its_chinese_sentences_whole(name):
    """No half-width mark inside Chinese text, no two marks in a row, no space before a mark."""
    texts = list(_texts(yaml.safe_load((PROJECT / name).read_text("utf-8"))))
    assert texts
    chinese = [text for text in texts if any("\u4e00" <= letter <= "\u9fff" for letter in text)]
    wrong = [text for text in chinese if any(pair in text for pair in DOUBLED)]
    assert wrong == []


def _texts(value):
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


def test_what_is_said_instead_breaks_no_rule_itself():
    assert [taboo_words(instead) for instead in INSTEAD.values()] == [[]] * len(INSTEAD)
