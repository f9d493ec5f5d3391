"""Digests of what results depend on besides data: code, code tables, declarations, engines.

The same rows judged by the same digest come to the same result, on the same day of the data. What
only shows or starts things is left out of the code, and all else is in it, whether or not it
judges: a new version judges everything once more.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pipelines
from pipelines.contracts.source import Source
from pipelines.settings import PROJECT
from pipelines.standards.declared import site_folders

_ENGINES = ("duckdb", "great_expectations", "ibis-framework", "pyarrow", "splink")
_SHOWING = frozenset({"cli", "demo", "orchestrate"})  # rooms that decide nothing
_IGNORED = "__pycache__"


def digest_of(*parts: str) -> str:
    """One digest of several texts."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def batch_digest(source: Source, answers: int) -> str:
    """What the batches of a source are judged by.

    Args:
        source: The contract, of which the place of its file does not count.
        answers: Number of the last entry in its correction ledger; 0 if it has none.
    """
    return f"{digest_of(code_digest(), contract_text(source))}:{answers}"


def contract_text(source: Source) -> str:
    """A contract as text, without the folder that its file is in."""
    return repr(replace(source, file=Path(source.file.name)))


def is_same_but_answers(one: str, other: str) -> bool:
    """Whether two ``batch_digest`` differ in the answers of the owner at most."""
    return one.partition(":")[0] == other.partition(":")[0]


@cache
def code_digest() -> str:
    """Of code, code tables, suites, declarations of package and site, and versions of engines."""
    (root,) = map(Path, pipelines.__path__)
    folders = [root, PROJECT / "expectations", *site_folders()]
    files = (digest for folder in folders for digest in _digests(folder))
    return digest_of(*files, *(f"{name} {version(name)}" for name in _ENGINES))


def _digests(folder: Path) -> Iterator[str]:
    for path in _files(folder):
        yield f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _files(folder: Path) -> Iterable[Path]:
    found = (path for path in folder.rglob("*") if _IGNORED not in path.parts and path.is_file())
    return sorted(path for path in found if path.relative_to(folder).parts[0] not in _SHOWING)
