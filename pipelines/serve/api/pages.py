"""Pages that print, on A4 and in Chinese: a dossier, and who looked at somebody's data.

Every value is escaped; codes are shown by their names.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape

from pipelines.batch import CHINA
from pipelines.libraries import Library, load_libraries
from pipelines.serve.api.caller import Caller
from pipelines.warehouse.base.codes import read_codes

_PAGES = Environment(
    loader=PackageLoader("pipelines.serve.api"),
    autoescape=select_autoescape(default_for_string=True, default=True),
)
_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}
_HIDDEN = ("from_pub", "to_pub", "entity_id")
_OPERATIONS = {
    "verify": "核验",
    "find": "查询",
    "read": "读取",
    "dossier": "调阅档案",
    "snapshot": "取全量",
    "changes": "取变更",
    "resolve": "核对标识",
    "dispute": "提出异议",
}
_OUTCOMES = {"ok": "已答复", "none": "未找到", "refused": "已拒绝", "canary": "已答复"}
Line = tuple[str, str, bool]  # term, value, whether it is disputed


def dossier_page(who: Caller, answered: Mapping[str, Any]) -> HTMLResponse:
    """The dossier as a page."""
    libraries = load_libraries()
    main = libraries[str(who.grant["library"])]
    parts = [
        (libraries[name].title, libraries[name].entity_title,
         [_lines(libraries[name], row) for row in rows])
        for name, rows in answered["linked"].items()
    ]  # fmt: skip
    return _page(
        "dossier",
        who,
        title=f"{main.entity_title}档案",
        entity=_lines(main, answered["entity"], answered["disputed"]),
        parts=parts,
        id=answered["entity"]["entity_id"],
        publication=answered["publication"],
    )


def usage_page(who: Caller, readings: Sequence[Mapping[str, Any]]) -> HTMLResponse:
    """Who looked at somebody's data, as a page; the newest first."""
    library = load_libraries()[str(who.grant["library"])]
    rows = [
        {
            "at": _moment(one["at"]),
            "consumer": one["consumer"],
            "purpose": one["purpose"],
            "legal_basis": one["legal_basis"],
            "operation": _OPERATIONS.get(one["operation"], one["operation"]),
            "columns": "、".join(_term(library, name) for name in one["columns"]),
            "outcome": _OUTCOMES.get(one["outcome"], one["outcome"]),
        }
        for one in readings
    ]
    return _page("usage", who, title="个人信息查询记录", rows=rows)


def _page(template: str, who: Caller, **told: object) -> HTMLResponse:
    html = _PAGES.get_template(f"{template}.html.j2").render(
        grant=who.grant,
        actor=who.actor,
        case_no=who.case_no,
        now=_moment(datetime.now(CHINA)),
        **told,
    )
    return HTMLResponse(html, headers=_HEADERS)


def _moment(at: datetime) -> str:
    there = at.astimezone(CHINA)
    return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M}"


def _lines(library: Library, row: Mapping[str, Any], disputed: Collection[str] = ()) -> list[Line]:
    """The columns that have a value; links and companions go without."""
    return [
        (_term(library, name), _shown(library, name, value), name in disputed)
        for name, value in row.items()
        if value is not None and name in library.columns and name not in _HIDDEN
    ]


def _term(library: Library, column: str) -> str:
    known = library.columns.get(column)
    return known.title.removesuffix("代码") if known and _table(library, column) else (
        known.title if known else column
    )  # fmt: skip


def _table(library: Library, column: str) -> str | None:
    return library.columns[column].element.code_table


def _shown(library: Library, column: str, value: object) -> str:
    table, text = _table(library, column), str(value)
    name = _names().get((table, text)) if table else None
    return f"{name}（{text}）" if name else text


@cache
def _names() -> Mapping[tuple[str, str], str]:
    return {(code.code_table, code.code): code.name for code in read_codes()}
