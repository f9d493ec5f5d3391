"""SQL that Ibis wrote for an expression, kept for every expression that says the same.

Writing it takes a hundredth of a second for each expression of a verb and far more than running it
over a few rows; a quarter of what a small city costs. The same verb says the same of another batch,
but for names of tables that are new each time, dates and batch ids. So an expression is known by a
digest of its operations, in which such words are numbered as they first come, and its SQL is kept
with a mark in their place (docs/adr/0016-sql-is-kept-by-what-it-says.md).

What is kept of whom: SQL in this process is gone with it. In a folder it is kept only for verbs
whose expressions name no record, which say so when they open the engine.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from importlib.metadata import version
from threading import Lock
from typing import Any

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from ibis.common.graph import Node
from ibis.common.grounds import Annotable
from ibis.expr.schema import Schema

from pipelines.engines.statements import Statement, StatementStore

_MOST = 32 * 2**20  # characters of SQL that a process keeps
# Names that are new each time: of Ibis, and of ours with a UUID.
_NEW_NAME = re.compile(r"\w+_[0-9a-z]{26}|\w+_[0-9a-f]{32}(_\d+)?")
_BATCH = re.compile(r"\d{8}(-\d{1,4})?")
_WRITERS = ("ibis-framework", "sqlglot", "duckdb")
_PLAIN = (str, int, float, bool, bytes, type(None), date, time, timedelta, Decimal)


class UnknownPart(Exception):
    """An expression has a part of which nothing is known: its SQL is written anew."""


class KeptSql(Backend):  # type: ignore[misc]  # of Ibis, without types
    """Ibis on DuckDB, which writes SQL for an expression only where none is kept."""

    store: StatementStore | None = None

    def compile(
        self,
        expr: ir.Expr,
        /,
        *,
        limit: int | None = None,
        params: Mapping[ir.Expr, Any] | None = None,
        pretty: bool = False,
    ) -> str:
        """As Ibis's own, whose arguments these are."""

        def write() -> str:
            written = super(KeptSql, self).compile
            return str(written(expr, limit=limit, params=params, pretty=pretty))

        if params or pretty or limit is not None:
            return write()
        try:
            known = fingerprint(expr.op())
        except UnknownPart:
            return write()
        return _kept().get(known, write, self.store)


@dataclass(frozen=True)
class Fingerprint:
    """What an expression says, and the words that stand for its numbered parts, as SQL has them."""

    digest: str
    words: tuple[str, ...]

    def template(self, sql: str) -> str:
        """SQL with marks instead of words."""
        sql = sql.replace("\x00", "\x00-\x00")
        # A longer word first: one of two names may begin like the other.
        for number, word in sorted(enumerate(self.words), key=lambda one: -len(one[1])):
            sql = sql.replace(word, f"\x00{number}\x00")
        return sql

    def filled(self, template: str) -> str:
        """SQL with the words."""
        parts = template.split("\x00")
        for at in range(1, len(parts), 2):
            parts[at] = "\x00" if parts[at] == "-" else self.words[int(parts[at])]
        return "".join(parts)


@dataclass
class _Kept:
    """Templates by digest, those asked for last at the end."""

    templates: OrderedDict[str, str] = field(default_factory=OrderedDict)
    size: int = 0
    lock: Lock = field(default_factory=Lock)

    def get(
        self, known: Fingerprint, write: Callable[[], str], store: StatementStore | None
    ) -> str:
        with self.lock:
            template = self.templates.get(known.digest)
            if template is not None:
                self.templates.move_to_end(known.digest)
                return known.filled(template)
        if store is None:
            template = known.template(write())
        else:
            kept = store.get(known.digest, lambda: Statement(known.template(write()), {}))
            template = kept.sql
        self._keep(known.digest, template)
        return known.filled(template)

    def _keep(self, digest: str, template: str) -> None:
        with self.lock:
            if digest in self.templates:
                return
            self.templates[digest] = template
            self.size += len(template)
            while self.size > _MOST:
                self.size -= len(self.templates.popitem(last=False)[1])


@cache
def _kept() -> _Kept:
    return _Kept()


@cache
def writers() -> str:
    """Names and versions of the libraries that write SQL."""
    return " ".join(f"{name} {version(name)}" for name in _WRITERS)


def fingerprint(root: Node) -> Fingerprint:
    """What an expression says.

    Raises:
        UnknownPart: it has a part of a kind that is not known here.
    """
    return _Reading().read(root)


class _Reading:
    """One pass over an expression, from its leaves to its root."""

    def __init__(self) -> None:
        self.digests: dict[Node, str] = {}
        self.words: dict[str, int] = {}
        self.references: dict[int, int] = {}
        self.texts: set[str] = set()

    def read(self, root: Node) -> Fingerprint:
        for node in _leaves_first(root):
            told = f"{type(node).__module__}.{type(node).__qualname__}({self._told(node)})"
            digest = hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16)
            self.digests[node] = digest.hexdigest()
        quoted = ["'" + text.replace("'", "''") + "'" for text in self.texts]
        if any(word in text for word in self.words for text in quoted):
            raise UnknownPart("a text that holds a word")  # a mark would stand in it, too
        return Fingerprint(self.digests[root], tuple(self.words))

    def _told(self, node: Node) -> str:
        if isinstance(node, ops.DatabaseTable | ops.UnboundTable):
            return f"{self._name(node.name)},{self._part(node.schema)},{self._part(node.namespace)}"
        if isinstance(node, ops.InMemoryTable):  # its rows are no part of the SQL
            return f"{self._name(node.name)},{self._part(node.schema)}"
        if isinstance(node, ops.SelfReference):
            number = self.references.setdefault(node.identifier, len(self.references))
            return f"{self.digests[node.parent]},{number}"
        if isinstance(node, ops.Literal):
            return f"{self._literal(node.value)},{node.dtype!r}"
        told = ",".join(map(self._part, node.__args__))
        if isinstance(node, ops.ScalarUDF | ops.AggUDF):
            kind = node.__input_type__
            told += f",{node.__func_name__},{node.__udf_namespace__!r},{kind},{node.dtype!r}"
        return told

    def _name(self, name: str) -> str:
        return self._word(name) if _NEW_NAME.fullmatch(name) else f"name:{name!r}"

    def _literal(self, value: object) -> str:
        if isinstance(value, str) and _BATCH.fullmatch(value):
            return self._word(f"'{value}'")
        return self._part(value)

    def _word(self, word: str) -> str:
        return f"word:{self.words.setdefault(word, len(self.words))}"

    def _part(self, part: object) -> str:
        """A value of an operation, written so that no other value is written the same."""
        if isinstance(part, Node):
            return self.digests[part]
        if isinstance(part, Enum):
            return f"{type(part).__qualname__}.{part.name}"
        if isinstance(part, str):
            self.texts.add(part)
        if isinstance(part, _PLAIN):
            return f"{type(part).__name__}:{part!r}"
        if isinstance(part, dt.DataType):
            return repr(part)
        if isinstance(part, Schema | Mapping):
            pairs = (f"{self._part(name)}={self._part(each)}" for name, each in part.items())
            return f"{{{','.join(pairs)}}}"
        if isinstance(part, tuple | list):
            return f"({','.join(map(self._part, part))})"
        if isinstance(part, frozenset):
            return f"set({','.join(sorted(map(self._part, part)))})"
        if isinstance(part, Annotable):
            told = ",".join(map(self._part, part.__args__))
            return f"{type(part).__qualname__}({told})"
        if type(part).__module__ == "ibis.expr.datashape":
            return type(part).__name__
        if isinstance(part, type):
            return f"{part.__module__}.{part.__qualname__}"
        raise UnknownPart(type(part))


def _leaves_first(root: Node) -> Iterator[Node]:
    """Every node once, after all that it is made of; without recursion, for some are deep."""
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, is_read = stack.pop()
        if is_read:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((each, False) for each in _made_of(node) if each not in seen)


def _made_of(node: Node) -> Iterable[Node]:
    children: Iterable[Node] = node.__children__
    return children


def connect(store: StatementStore | None = None, **options: Any) -> KeptSql:
    """A DuckDB; ``store`` is where SQL is kept beyond this process, if anywhere."""
    con: KeptSql = KeptSql().connect(**options)
    con.store = store
    return con
