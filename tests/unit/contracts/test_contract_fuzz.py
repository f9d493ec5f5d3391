"""A broken contract, of whatever sort, is a fault of its own file, soon and without much memory."""

import copy
import os
import random
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipelines.contracts import check_sources, load_source, load_sources, usable_sources
from pipelines.contracts.builder import build_source
from pipelines.contracts.document import read_document
from pipelines.contracts.faults import Faults
from pipelines.contracts.references import References
from pipelines.contracts.source import Source
from pipelines.contracts.yaml_text import MAX_BYTES
from pipelines.errors import ContractsRefused, UnknownSource
from pipelines.libraries import load_libraries
from pipelines.settings import PROJECT, Settings, load_settings
from pipelines.standards.elements import load_elements

GOOD = sorted((PROJECT / "sources").rglob("*.yml"))
TEXTS = {file: file.read_text("utf-8") for file in GOOD}
DOCUMENTS = {file: yaml.safe_load(text) for file, text in TEXTS.items()}
REFERENCES = References(load_elements(), load_libraries(), Path("/home/baselib"))
DOCUMENTS_PER_EXAMPLE = 50
WORDS = [
    *("", " ", "\n", "~", "null", "yes", "0", "-1", "1e999", "NaN", "2026-13-45", "\\x", "\\x0g"),
    *("{", "}"),
    *("{batch", "{batch}", "${BASELIB_SECRET_X}", "${BASELIB_HOME}", "${PATH}", "[", "**", "a/**b"),
    *("/", "..", "custom", "postgres", "api", "local", "mysql://h/d", "sqlite:///x", "sqlite://"),
    *("http://", "http://[", "http://h:port/", "postgresql+psycopg2://u:p@h/d", "* * 30 2 *", "😀"),
    *("delta", "money", "citizen_id", "findings", "source_key", "timestamp", "x" * 5000, "a\nb"),
]  # fmt: skip
ODD = [None, True, False, 0, -1, 10**400, 0.5, float("nan"), float("inf"), [], {}, [[]], {"a": {}}]


def mutate(document: dict, chance: random.Random) -> dict:
    """The document with some of its values and keys replaced, removed, repeated or moved."""
    changed = copy.deepcopy(document)
    for _ in range(chance.randint(1, 4)):
        places = list(_places(changed))
        if not places:
            break
        where, key = chance.choice(places)
        value = where[key]
        kind = chance.randrange(6)
        if kind == 0:
            where[key] = chance.choice(WORDS)
        elif kind == 1:
            where[key] = copy.deepcopy(chance.choice(ODD))
        elif kind == 2:
            del where[key]
        elif kind == 3:
            other, its = chance.choice(places)
            where[key] = copy.deepcopy(other[its]) if its in _keys(other) else None
        elif kind == 4 and isinstance(where, list):
            where.insert(key, copy.deepcopy(value))
        elif isinstance(value, str):
            place = chance.randint(0, len(value))
            where[key] = value[:place] + chance.choice(WORDS) + value[place:]
        elif isinstance(where, dict):
            where[chance.choice(WORDS)] = where.pop(key)
    return changed


def _places(value):
    for key in list(_keys(value)):
        yield value, key
        yield from _places(value[key])


def _keys(value):
    return (
        range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
    )


def judged(file: Path, text: str) -> tuple[Source | None, Faults]:
    """As ``check_sources`` does with one file."""
    faults = Faults(file)
    document = read_document(text, faults)
    return document and build_source(document, REFERENCES, faults), faults


def check_changed_values(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(DOCUMENTS_PER_EXAMPLE):
        file = chance.choice(GOOD)
        changed = mutate(DOCUMENTS[file], chance)
        text = yaml.dump(changed, Dumper=yaml.CSafeDumper, allow_unicode=True)
        source, faults = judged(file, text)
        assert (source is None) == bool(faults.found)
        assert all(fault.field and fault.problem and fault.remedy for fault in faults.found)


def check_changed_characters(seed: int) -> None:
    chance = random.Random(seed)
    signs = [*"{}[]&*!|>'\"%@`:,-?#\n\t 0aé姓", "<<: ", "&a ", "*a", "!!int ", "---\n"]
    for _ in range(DOCUMENTS_PER_EXAMPLE):
        file = chance.choice(GOOD)
        text = TEXTS[file]
        for _ in range(chance.randint(1, 5)):
            start = chance.randint(0, len(text))
            end = start + chance.choice((0, 0, 1, 1, 5, 40))
            text = text[:start] + chance.choice(signs) + text[end:]
        source, faults = judged(file, text)
        assert (source is None) == bool(faults.found)


CHECKS = pytest.mark.parametrize("check", [check_changed_values, check_changed_characters])


@CHECKS
@hypothesis_settings(max_examples=10, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_a_changed_contract_is_a_source_or_has_faults(check, seed):
    check(seed)


@pytest.mark.slow
@CHECKS
def test_ten_thousand_changed_contracts_are_sources_or_have_faults(check):
    for seed in range(10_000 // DOCUMENTS_PER_EXAMPLE):
        check(seed)


@hypothesis_settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(max_size=200))
def test_any_text_is_a_fault(text):
    source, faults = judged(GOOD[0], text)
    assert source is None
    assert faults.found


ALIAS_BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
BROKEN = {
    "syntax": "a: [",
    "a key that is a list": "? [a, b]\n: 1\n",
    "a key that is a mapping": "? {a: b}\n: 1\n",
    "alias bomb": ALIAS_BOMB,
    "an alias of itself": "a: &a [*a]\n",
    "a thousand brackets": "[" * 1000,
    "a hundred thousand brackets": "a: " + "[" * 100_000 + "]" * 100_000,
    "nested mappings": "".join(f"{' ' * n}a:\n" for n in range(1000)),
    "a month 13": "version: 2026-13-45\n",
    "a number that is none": "version: !!int x\n",
    "an object": "version: !!python/object/apply:os.system [true]\n",
    "NUL": 'name: "a\\0b"\n',
    "half a character": 'name: "\\ud83d"\n',
    "a control character": "name: a\x07b\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "a list": "- a\n- b\n",
    "nothing": "",
    "too large": "# " + "x" * (MAX_BYTES * 10),
    "Latin-1": "name: é\n".encode("latin-1"),
    "binary": bytes(range(256)) * 100,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Contracts of the repository, all of them good."""
    made = tmp_path / "sources"
    made.mkdir()
    for file in GOOD[:3]:
        (made / file.name).write_bytes(file.read_bytes())
    return made


@pytest.fixture
def settings(folder: Path, tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", sources=[folder])


def refused_alone(settings: Settings) -> None:
    names = {file.stem for file in GOOD[:3]}
    begun = time.process_time()
    assert set(usable_sources(settings)) == set(load_sources(settings)) == names
    (fault, *_) = faults = check_sources(settings)
    assert time.process_time() - begun < 20  # three readings; a bomb would never end
    assert {fault.file.stem for fault in faults} == {"health__broken"}
    assert all(fault.remedy for fault in faults)
    assert len(str(fault)) < 1000
    assert load_source(settings, GOOD[0].stem).name == GOOD[0].stem
    with pytest.raises(ContractsRefused, match="health__broken"):
        load_source(settings, "health__broken")
    with pytest.raises(UnknownSource):
        load_source(settings, "health__missing")


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_stops_its_own_source_only(settings, folder, content):
    file = folder / "health__broken.yml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused_alone(settings)


@pytest.mark.parametrize(
    "what", ["folder", "dangling link", "link to itself", "pipe", "not for us"]
)
def test_what_is_no_file_stops_its_own_source_only(settings, folder, what):
    file = folder / "health__broken.yml"
    if what == "folder":
        file.mkdir()
    elif what == "dangling link":
        file.symlink_to(folder / "nowhere")
    elif what == "link to itself":
        file.symlink_to(file)
    elif what == "pipe":
        os.mkfifo(file)
    else:
        file.write_text("x")
        file.chmod(0)
    refused_alone(settings)


def test_contracts_of_which_none_is_right_are_refused(tmp_path):
    (tmp_path / "health__broken.yml").write_text("a: [")
    settings = load_settings(home=tmp_path / "home", sources=[tmp_path])
    with pytest.raises(ContractsRefused):
        load_sources(settings)
    assert usable_sources(settings) == {}
