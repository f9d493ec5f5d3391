"""Parse the rows of a batch: every text once, then every row."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date

import ibis.expr.types as ir

from pipelines.contracts.source import Source
from pipelines.engines.texts import parsed_texts
from pipelines.flows.shared.session import Session
from pipelines.stage import apply_conventions, columns_to_parse, parse_rows


@contextmanager
def parsed_rows(session: Session, raw: ir.Table, source: Source, as_of: date) -> Iterator[ir.Table]:
    """``parse_rows``, computed; what it was computed from is given back before the block begins."""
    raw = apply_conventions(raw, source)
    with ExitStack() as rows:
        with parsed_texts(session.con, raw, columns_to_parse(source, raw), as_of) as texts:
            parsed = parse_rows(raw, source, as_of, texts)
            computed = rows.enter_context(session.materialised(parsed))
        yield computed
