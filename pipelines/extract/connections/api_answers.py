"""What a page of an HTTP API says of itself: that it failed, and how many records there are.

Gateways answer HTTP 200 with ``{"code": 401, "msg": "token 已过期", "data": null}``. To take that
for the end of the data would delete what the missing pages hold. What the contract says of success,
message and total decides; where it says nothing, only what is plain is a failure.
"""

import re
from collections.abc import Mapping

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.encodings import decoded_answer
from pipelines.extract.formats.jsonlines import at_path

_SUCCESS_KEYS = ("success", "succeed", "ok")
_CODE_KEYS = (
    *("code", "errcode", "errCode", "errorCode", "error_code", "retCode", "retcode", "resultCode"),
    *("result_code", "statusCode", "status_code", "status", "respCode"),
)
_MESSAGE_KEYS = (
    *("msg", "message", "errmsg", "errMsg", "errorMsg", "error_msg", "errorMessage", "retMsg"),
    *("resultMsg", "error_description", "respMsg", "info", "detail", "error"),
)
_TOTAL_KEYS = (
    *("total", "totalCount", "total_count", "totalElements", "totalRecords", "total_records"),
    *("recordsTotal", "totalNum", "totalSize", "total_rows"),
)
_SUCCEEDED = frozenset({"", "ok", "success", "succeed", "successful", "s", "true", "1", "10000"})
_LONG_NUMBER = re.compile(r"[0-9X]{6,}")
_TITLE = re.compile(rb"(?is)<title[^>]*>\s*(.{0,60})")
_MESSAGE_LENGTH = 160


def refuse_failure(source: Source, name: str, page: object, good: set[str]) -> None:
    """Raise UnreadableDelivery, with code and message, where a page says that it failed.

    ``good`` gathers the codes of pages with records, which mean success whatever they are.
    """
    if not isinstance(page, Mapping):
        return
    code = _failure(source, page, good)
    if code is None:
        if _has_records(source, page):
            good.add(_code(page))
        return
    message = _message(source, page)
    raise UnreadableDelivery(
        source.name, name, f"It answers that it failed: {code}{message and f', {message!r}'}.",
        "Nothing was taken. Check the secret and our right to read this, or run the batch again "
        "later; success_path and success_values of servers[0] say what means success.",
    )  # fmt: skip


def refuse_web_page(source: Source, name: str, content: bytes) -> None:
    """Raise UnreadableDelivery where a web page came: that of a login, of a proxy."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<":
        return
    title = _TITLE.search(content[:4096])
    words = _readable(title[1].partition(b"<")[0]).strip() if title else ""
    called = f" called {words!r}" if words else ""
    raise UnreadableDelivery(
        source.name, name, f"It answers with a web page{called}, not with JSON; "
        "that of a login, perhaps.",
        "Check the address and the secret that the contract names.",
    )  # fmt: skip


def _readable(text: bytes) -> str:
    """Words of a page, in whichever of the two encodings they are."""
    try:
        return decoded_answer(text)
    except UnicodeDecodeError:  # cut within a character
        return text.decode("utf-8", "ignore")


def total_of(source: Source, page: object) -> int | None:
    """How many records all pages have together, as far as a page says."""
    path = source.server.total_path
    if path is not None:
        return _number(at_path(page, path))
    parent = source.server.records_path.rpartition(".")[0]
    for place in (at_path(page, parent), page):
        if isinstance(place, Mapping):
            found = next((n for n in (_number(place.get(k)) for k in _TOTAL_KEYS) if n), None)
            if found is not None:
                return found
    return None


def refuse_incomplete(
    source: Source, name: str, total: int | None, records: int, pages: int
) -> None:
    """Raise UnreadableDelivery where fewer records came than the API says there are.

    A total that nobody declared may count pages.
    """
    if total is None or records >= total:
        return
    if source.server.total_path is None and total <= pages:
        return
    raise UnreadableDelivery(
        source.name, name, f"It gave {records:,} of the {total:,} records that it speaks of.",
        "Nothing was taken. Run the batch again; if it stays so, tell the department. total_path "
        "of servers[0] says where the number of records is.",
    )  # fmt: skip


def _failure(source: Source, page: Mapping[str, object], known: set[str]) -> str | None:
    """What says so, or ``None``."""
    server = source.server
    if server.success_path is not None:
        said = _text(at_path(page, server.success_path))
        means = tuple(value.casefold() for value in server.success_values) or ("true",)
        good = said.casefold() in means or (not server.success_values and _is_good_code(said))
        return None if good else f"{server.success_path} = {said[:40] or 'nothing'}"
    for key in _SUCCESS_KEYS:
        if _text(page.get(key)).casefold() == "false":
            return _code(page) or f"{key} = false"
    code = _code(page)
    value = code.partition(" = ")[2]
    if code and code not in known and _is_bad_code(value):
        return code
    if _has_records(source, page):
        return None
    if code:
        return None if code in known or _is_good_code(value) else code
    return "error" if page.get("error") else None


def _has_records(source: Source, page: Mapping[str, object]) -> bool:
    return bool(at_path(page, source.server.records_path))


def _code(page: Mapping[str, object]) -> str:
    for key in _CODE_KEYS:
        value = page.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool):
            return f"{key} = {str(value)[:40]}"
    return ""


def _is_good_code(code: str) -> bool:
    plain = code.strip().casefold()
    zero = plain.strip("0") == ""
    return zero or plain in _SUCCEEDED or re.fullmatch(r"2[0-9]{2}(?:00)?", plain) is not None


def _is_bad_code(code: str) -> bool:
    """What no API means by success: as HTTP has it, or negative."""
    return re.fullmatch(r"[45][0-9]{2}(?:[0-9]{2})?|-[1-9][0-9]*", code.strip()) is not None


def _message(source: Source, page: Mapping[str, object]) -> str:
    """The message of a failure, cut, and without numbers that may be somebody's."""
    path = source.server.message_path
    given = [at_path(page, path)] if path else [page.get(key) for key in _MESSAGE_KEYS]
    found = next((value for value in given if isinstance(value, str) and value.strip()), "")
    return _LONG_NUMBER.sub("…", found.strip())[:_MESSAGE_LENGTH]


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: object) -> int | None:
    text = _text(value)
    return int(text) if text.isdecimal() else None
