"""Parse the rows of a batch: every text once, then every row."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version

import ibis.expr.types as ir

from pipelines.clean.cross_field import first_future_date
from pipelines.contracts.source import Source
from pipelines.engines.statements import StatementStore
from pipelines.engines.texts import first_due, parsed_texts
from pipelines.flows.shared.judged_by import code_digest, digest_of
from pipelines.flows.shared.session import Session
from pipelines.flows.shared.site_keys import digest_key
from pipelines.settings import Settings
from pipelines.stage import (
    apply_conventions,
    columns_to_parse,
    keys_to_parse,
    match_ledger,
    parse_rows,
)


@dataclass(frozen=True)
class ParsedRows:
    """Rows of a batch, computed.

    ``texts_due``: the first later date of the data on which one of their texts may be judged
    otherwise; None: never.
    """

    rows: ir.Table
    texts_due: date | None


@contextmanager
def parsed_rows(
    session: Session, raw: ir.Table, source: Source, as_of: date, also: Sequence[str] = ()
) -> Iterator[ParsedRows]:
    """``parse_rows``, computed; what it was computed from is given back before the block begins."""
    raw = apply_conventions(raw, source)
    with ExitStack() as rows:
        columns = columns_to_parse(source, raw)
        kept = _kept_statements(session.settings)
        with parsed_texts(session.con, raw, columns, as_of, kept) as texts:
            due = first_due(session.con, texts, columns, as_of)
            parsed = parse_rows(raw, source, as_of, texts, also)
            computed = rows.enter_context(session.materialised(parsed))
        yield ParsedRows(computed, due)


@contextmanager
def matched_ledger(
    session: Session, raw: ir.Table, entries: ir.Table, source: Source, as_of: date
) -> Iterator[ir.Table]:
    """``match_ledger``, computed: keys are parsed as those of any batch, text by text."""
    rows, keys = keys_to_parse(raw, source)
    secret, kept = digest_key(session.settings), _kept_statements(session.settings)
    with ExitStack() as found:
        with parsed_texts(session.con, rows, keys, as_of, kept) as texts:
            matched = match_ledger(raw, entries, source, as_of, secret, texts)
            computed = found.enter_context(session.materialised(matched))
        yield computed


def _kept_statements(settings: Settings) -> StatementStore:
    """Statements of parsers, by what they follow from: code, declarations, and who writes them."""
    digest = digest_of(code_digest(), version("sqlglot"))
    return StatementStore(settings.cache_dir / "statements", digest)


def judged_again_on(session: Session, parsed: ParsedRows) -> date | None:
    """The first later date of the data on which the rows may be judged otherwise; None: never."""
    ahead: date | None = session.con.to_pyarrow(first_future_date(parsed.rows.findings)).as_py()
    return min((day for day in (parsed.texts_due, ahead) if day), default=None)
