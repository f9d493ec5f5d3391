"""Read YAML that anybody may have written: bounded in size, depth and repetition.

A parser that builds whatever it is told can be made to fill the memory (aliases of aliases), to
exhaust the stack (a thousand brackets) or to stop with an error of its own. So the text is first
read as a stream of events, which needs neither memory nor stack, and built only if it is small.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 1 << 20  # a contract of a thousand columns has a tenth of this
MAX_DEPTH = 40  # ODCS nests half as deep
MAX_NODES = 100_000  # scalars, lists and mappings, what an alias repeats counted again

_BUILDING = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError)


class Unreadable(Exception):
    """A text that is no document: where, what is wrong, what to do. Quotes nothing of it."""

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.where, self.problem, self.remedy = where, problem, remedy


class _StrictLoader(yaml.CSafeLoader):
    """The safe loader, except that a key written twice is refused: YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        written: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is no word", problem_mark=key.start_mark)
            if key.value in written:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value[:60]!r} is written twice",
                    problem_mark=key.start_mark,
                )
            written.add(key.value)
        return super().construct_mapping(node, deep)


def read_text(file: Path) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        Unreadable: it is no file, cannot be opened, is too large, or not in UTF-8.
    """
    try:
        if not file.is_file():  # a folder, a pipe, a link that leads nowhere
            problem = "This is no file, or a link that leads to none."
            raise Unreadable("the file", problem, "Remove it, or put the contract in its place.")
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            problem = f"It is larger than {MAX_BYTES >> 10} KiB, so it is no contract."
            raise Unreadable("the file", problem, "Put data elsewhere; a contract only describes.")
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problem = f"It cannot be read ({type(error).__name__})."
        remedy = "Save it as UTF-8 and let this user read it."
        raise Unreadable("the file", problem, remedy) from None


def parse_yaml(text: str) -> object:
    """The values of one YAML document.

    Raises:
        Unreadable: it is not valid, or larger or deeper than a contract can be.
    """
    try:
        _check_size(text)
        value = yaml.load(text, _StrictLoader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the document"
        problem = getattr(error, "problem", None) or "it has characters that YAML does not allow"
        raise Unreadable(
            where, f"This is not valid YAML: {problem}.", "Correct the line."
        ) from None
    except _BUILDING as error:  # a date of month 13, a number with two dots
        problem = f"A value cannot be built as what it looks like ({type(error).__name__})."
        raise Unreadable("the document", problem, "Put dates and numbers in quotes.") from None
    for path, bad in _unusable_text(value, ""):
        problem = f"There is a character in the text that no file or table can hold ({bad!a})."
        raise Unreadable(path, problem, "Write the text without it.")
    return value


def _check_size(text: str) -> None:
    """Refuse depth and repetition, by the events; a node is as large as what it repeats."""
    sizes: dict[str, int] = {}  # anchor -> nodes
    open_nodes: list[tuple[str | None, int]] = []  # anchor and nodes before, of what is open
    nodes = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise Unreadable(_place(event), "An alias refers to itself.", "Write it out.")
            nodes += sizes[event.anchor]
        elif isinstance(event, yaml.NodeEvent):
            nodes += 1
            if isinstance(event, yaml.ScalarEvent):
                if event.anchor:
                    sizes[event.anchor] = 1
            else:
                open_nodes.append((event.anchor, nodes - 1))
                sizes.pop(event.anchor or "", None)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor:
                sizes[anchor] = nodes - before
        if len(open_nodes) > MAX_DEPTH:
            raise Unreadable(_place(event), "It is nested too deep.", f"Nest {MAX_DEPTH} deep.")
        if nodes > MAX_NODES:
            problem = f"It has more than {MAX_NODES} values, what aliases repeat counted again."
            raise Unreadable(_place(event), problem, "Write less, and without aliases.")


def _place(event: yaml.Event) -> str:
    mark = event.start_mark
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the document"


def _unusable_text(value: object, path: str) -> Iterator[tuple[str, str]]:
    """NUL and halves of characters: neither a path nor a database takes them."""
    if isinstance(value, str):
        bad = next((c for c in value if c == "\0" or "\ud800" <= c <= "\udfff"), None)
        if bad is not None:
            yield path or "the document", bad
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _unusable_text(key, path)
            yield from _unusable_text(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unusable_text(inner, f"{path}[{index}]")
