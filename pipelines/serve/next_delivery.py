"""The demonstration's next delivery: one enterprise has a new name, and all that follows from it.

The market regulation's file of the last batch is delivered again with that one cell changed,
landed, staged and checked, and the library of legal entities is resolved, merged, checked and
published. So whoever follows changes has one to follow, and it came the way that all changes come.
"""

import csv
import io
from pathlib import Path

from sqlalchemy import text

from pipelines.contracts import load_sources
from pipelines.errors import TableMissing
from pipelines.flows import check, check_library, land, merge, publish, resolve, stage
from pipelines.settings import Settings
from pipelines.warehouse import connect, read_batches

SOURCE, LIBRARY = "market_regulation__enterprises", "legal_entity"
_KEY, _NAME = "主体身份代码", "企业名称"
_BEFORE, _AFTER = "有限公司", "股份有限公司"
_NAMED = text("""
SELECT source_key FROM base.legal_entity_value
WHERE column_name = 'organization_name' AND source = :source AND right(value, 4) = :before
    AND right(value, 6) <> :after
ORDER BY source_key LIMIT 1""")


def deliver_a_change(settings: Settings) -> str:
    """Deliver a new name of one enterprise and publish it; the batch in which it came.

    Raises:
        TableMissing: no such enterprise is published, or its file is not that of the demonstration.
    """
    batch, key = _last_batch_and_key(settings)
    source = load_sources(settings)[SOURCE]
    number = int(batch.partition("-")[2] or "1") + 1
    following = f"{batch.partition('-')[0]}-{number}"
    path = source.server.location
    old = Path(path.replace("{batch}", batch))
    if not old.is_file():
        raise TableMissing(f"raw.{SOURCE}", batch, "Run `make run` for the demonstration's city.")
    renamed = rename(old.read_text(encoding="utf-8-sig"), key)
    Path(path.replace("{batch}", following)).write_text(renamed, encoding="utf-8-sig", newline="")
    for take_in in (land, stage, check):
        take_in(settings, source, following)
    for build in (resolve, merge, check_library, publish):
        build(settings, LIBRARY, following)
    return following


def rename(delivered: str, key: str) -> str:
    """The file with another name in the row of that key, and every other row as it was."""
    rows = list(csv.reader(io.StringIO(delivered, newline="")))
    head = rows[0]
    key_at, name_at = head.index(_KEY), head.index(_NAME)
    for row in rows[1:]:
        if len(row) == len(head) and row[key_at] == key and row[name_at].endswith(_BEFORE):
            row[name_at] = row[name_at].removesuffix(_BEFORE) + _AFTER
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def _last_batch_and_key(settings: Settings) -> tuple[str, str]:
    engine = connect(settings)
    try:
        batches = read_batches(engine, SOURCE)
        with engine.connect() as connection:
            about = {"source": SOURCE, "before": _BEFORE, "after": _AFTER}
            key = connection.execute(_NAMED, about).scalar()
    finally:
        engine.dispose()
    if not batches or key is None:
        remedy = "Run `make run` for the demonstration's city."
        raise TableMissing("base.legal_entity", None, remedy)
    return batches[-1].batch, str(key)
