"""Statements kept on disk: SQL that Ibis took a second to write is read in a millisecond.

A statement follows from code and declarations alone, whose digest is part of its name: a changed
file writes all of them anew, and no old one is ever read.
"""

import base64
import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

swept: set[Path] = set()  # folders that this process has swept
_KEPT_DAYS = 7  # after a statement was read last; of a day that is over, nobody asks again


@dataclass(frozen=True, eq=False)
class Statement:
    """A SELECT, and the reference tables that it names."""

    sql: str
    references: Mapping[str, pa.Table]


@dataclass(frozen=True)
class StatementStore:
    """A folder of statements. ``digest`` is of everything that they follow from, but their name.

    Stores of one digest are equal, whatever their folder: so are the statements in them.
    """

    folder: Path = field(compare=False)
    digest: str

    def get(self, name: str, write: Callable[[], Statement]) -> Statement:
        """The statement of that name; ``write`` makes it where it is not there, or damaged."""
        named = hashlib.sha256(f"{self.digest}\x1f{name}".encode()).hexdigest()
        path = self.folder / f"{named[:32]}.json"
        try:
            statement = _decoded(path.read_bytes())
            os.utime(path)
        except (OSError, ValueError, KeyError, AttributeError, pa.ArrowInvalid):
            statement = write()
            with suppress(OSError):  # a full disk makes the next process write it again
                self._keep(path, statement)
        return statement

    def _keep(self, path: Path, statement: Statement) -> None:
        """Of several processes that try at once, each replaces the file as a whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{uuid4().hex}")
        try:
            draft.write_bytes(_encoded(statement))
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        self._sweep()

    def _sweep(self) -> None:
        """Once in the life of a process: to look at every file for each would cost more."""
        if self.folder in swept:
            return
        swept.add(self.folder)
        unread = time.time() - _KEPT_DAYS * 86_400
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < unread:
                    path.unlink()


def _encoded(statement: Statement) -> bytes:
    references = {}
    for name, table in statement.references.items():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        references[name] = base64.b64encode(sink.getvalue()).decode("ascii")
    content = json.dumps({"sql": statement.sql, "references": references}, ensure_ascii=False)
    return f"{_checksum(content)}\n{content}".encode()


def _decoded(stored: bytes) -> Statement:
    """Raises ValueError, KeyError or AttributeError where it is not what was written."""
    checksum, _, content = stored.decode("utf-8").partition("\n")
    if checksum != _checksum(content):
        raise ValueError(checksum)
    found = json.loads(content)
    tables = {
        name: pa.ipc.open_stream(base64.b64decode(encoded)).read_all()
        for name, encoded in found["references"].items()
    }
    return Statement(found["sql"], tables)


def _checksum(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
