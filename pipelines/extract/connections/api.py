"""Fetch the pages of an HTTP API that answers in JSON, and keep them as they came.

Pages follow one another by an address, a token or a number in the answer (``next_path``), or by
number alone until one is empty (``next_path`` empty). An API that is busy or does not answer is
asked again, later and later, or when it says; one whose pages repeat is refused, for it would never
end. What was fetched before a failure is kept, and the next try goes on behind it.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
)

from pipelines.contracts.source import Source
from pipelines.errors import DeliveryMissing, UnreadableDelivery
from pipelines.extract.connections.api_answers import (
    refuse_failure,
    refuse_incomplete,
    refuse_web_page,
    total_of,
)
from pipelines.extract.connections.api_pages import KeptPages, kept_pages
from pipelines.extract.connections.secrets import expanded, secret_of
from pipelines.extract.formats.jsonlines import at_path, parse_page, records_on
from pipelines.extract.limits import STANDARD, Limits

ATTEMPTS = 6  # with the pauses below, a minute: longer outages are for the scheduler's own retries
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds; each pause is twice the one before
LONGEST_ASKED = 600.0  # seconds that an API may ask us to wait; longer is for the scheduler
_OVER = {400, 404, 410}  # what an API answers to a token that has expired
REDIRECTS = 5  # more is a circle, as a login makes one
TIMEOUT = httpx.Timeout(60.0, connect=10.0)  # departments' gateways take half a minute for a page


class _Expired(Exception):
    """The API does not go on where it stopped."""


class _Busy(Exception):
    """The API answered that it cannot answer now."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"HTTP {response.status_code}")
        self.pause = _seconds(response.headers.get("Retry-After", ""))


def _seconds(retry_after: str) -> float | None:
    """How long to wait: RFC 9110 has a number of seconds, or a date; ``None`` for neither."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        when = parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def fetch_pages(
    source: Source,
    batch: str,
    folder: Path,
    watermark: str | None,
    sleep: Callable[[float], None] = time.sleep,
    limits: Limits = STANDARD,
) -> str | None:
    """Write each page to ``page-<n>.json`` in ``folder``, and return the next watermark.

    Raises:
        DeliveryMissing: the address does not exist.
        UnreadableDelivery: the API refuses us, stays silent or says that it failed, its pages
            repeat, there are fewer records than it speaks of, or more or larger pages than the
            settings allow.
    """
    start = _start(source, batch, watermark)
    server = source.server
    follows = (server.next_path, server.page_parameter, server.cursor_parameter)
    kept = kept_pages(folder, [str(start), watermark, follows, server.records_path])
    token = secret_of(source)
    headers = {"Accept": "application/json"} | (
        {"Authorization": f"Bearer {token}"} if token else {}
    )
    with httpx.Client(headers=headers, timeout=TIMEOUT) as client:
        api = _Api(client, source, batch, sleep, limits, kept)
        try:
            highest = _fetch(api, start, watermark)
        except _Expired:
            kept.forget()
            highest = _fetch(api, start, watermark)
    kept.finish()
    return highest


def _start(source: Source, batch: str, watermark: str | None) -> httpx.URL:
    address = expanded(source, source.server.location).replace("{batch}", quote(batch))
    try:
        return httpx.URL(address.replace("{watermark}", quote(watermark or "")))
    except httpx.InvalidURL:
        raise UnreadableDelivery(
            source.name, source.file.name, "The address of the API cannot be read as one.",
            "Correct location in the contract, or the variable that it names.",
        ) from None  # fmt: skip


def _fetch(api: "_Api", start: httpx.URL, watermark: str | None) -> str | None:
    highest = watermark
    for records in _pages(api, start):
        highest = _highest(api.source, highest, records)
    return highest


@dataclass(frozen=True)
class _Api:
    """Whom we ask, for what, and how patiently."""

    client: httpx.Client
    source: Source
    batch: str
    sleep: Callable[[float], None]
    limits: Limits
    kept: KeptPages
    good_codes: set[str] = field(default_factory=set)


def _pages(api: _Api, start: httpx.URL) -> Iterator[list[object]]:
    """Records of the pages, one page after the other; each is kept before the next is asked for."""
    source, server, number, taken = api.source, api.source.server, 1, 0
    url = start if server.next_path else start.copy_set_param(server.page_parameter, 1)
    asked, seen = set[httpx.URL](), set[bytes]()
    total: int | None = None
    while True:
        asked.add(url)
        before = api.kept.read(number)
        content = _get(api, url) if before is None else before
        page, records = _read(api, url, content)
        if before is None:
            api.kept.add(number, content)
        total = total_of(source, page) or total
        taken += len(records)
        yield records
        mark = hashlib.sha256(content).digest()
        next_page = at_path(page, server.next_path) if server.next_path else bool(records)
        if not next_page:
            _require_all(api, url, total, taken, number)
            return
        number += 1
        url = _next_url(source, start, url, next_page, number)
        if url in asked or (records and mark in seen):
            api.kept.forget()
            raise UnreadableDelivery(
                source.name, _shown(url), f"Page {number - 1} comes again and again.",
                "Check next_path and page_parameter in the contract.",
            )  # fmt: skip
        if number > api.limits.pages:
            raise UnreadableDelivery(
                source.name, _shown(url), f"It has more than {api.limits.pages:,} pages.",
                "Ask for larger pages, or raise BASELIB_PAGES.",
            )  # fmt: skip
        seen.add(mark)


def _require_all(api: _Api, url: httpx.URL, total: int | None, taken: int, pages: int) -> None:
    """Refuse fewer records than there are; the next try begins anew, for pages may have moved."""
    try:
        refuse_incomplete(api.source, _shown(url), total, taken, pages)
    except UnreadableDelivery:
        api.kept.forget()
        raise


def _read(api: _Api, url: httpx.URL, content: bytes) -> tuple[object, list[object]]:
    """A page and its records; one that says that it failed is no end of the data."""
    source, name = api.source, _shown(url)
    refuse_web_page(source, name, content)
    page = parse_page(source, name, content)
    refuse_failure(source, name, page, api.good_codes)
    return page, records_on(source, name, page)


def _next_url(
    source: Source, start: httpx.URL, current: httpx.URL, next_page: object, number: int
) -> httpx.URL:
    """The address of the next page; ``next_page`` is an address, a token, a number or just True."""
    if next_page is True:
        return start.copy_set_param(source.server.page_parameter, number)
    text = str(next_page)
    if not text.startswith(("http://", "https://", "/", "?")):
        parameter = source.server.cursor_parameter or source.server.page_parameter
        return start.copy_set_param(parameter, text)
    try:
        url = current.join(text)
    except httpx.InvalidURL:
        raise UnreadableDelivery(
            source.name, _shown(current), "Its next page has an address that is none.",
            "Check next_path in the contract; if it is right, tell the department.",
        ) from None  # fmt: skip
    _refuse_other_host(source, start, url, f"{_shown(current)}: Its next page")
    return url


def _refuse_other_host(source: Source, start: httpx.URL, url: httpx.URL, what: str) -> None:
    """Neither the token nor our question goes anywhere but to the host of the contract.

    To the same host by a safer way it may: many gateways redirect http to https.
    """
    same = (url.scheme, url.host, url.port) == (start.scheme, start.host, start.port)
    safer = (start.scheme, url.scheme, start.port, url.port) == ("http", "https", None, None)
    if same or (safer and url.host == start.host):
        return
    where, _, what = what.rpartition(": ")
    elsewhere = f"at another host, {url.host}" if url.host != start.host else (
        f"at {url.scheme}://{url.netloc.decode().rpartition('@')[2]}"
    )  # fmt: skip
    raise UnreadableDelivery(
        source.name, where, f"{what} is {elsewhere}.",
        "The token is not sent there; ask the department to correct the API.",
    )  # fmt: skip


def _get(api: _Api, url: httpx.URL) -> bytes:
    source = api.source
    again = Retrying(
        stop=_is_enough,
        wait=_pause,
        retry=retry_if_exception_type((_Busy, httpx.TransportError)),
        sleep=api.sleep,
        reraise=True,
    )
    try:
        status, content = again(_ask, api, url)
    except (_Busy, httpx.HTTPError, httpx.InvalidURL) as wrong:
        raise _no_answer(api, url, wrong) from None
    if api.kept.goes_on and status in _OVER:
        raise _Expired
    if status in {404, 410}:
        raise DeliveryMissing(source.name, api.batch, _shown(url))
    if not 200 <= status < 300:
        raise UnreadableDelivery(
            source.name, _shown(url), f"It refuses us (HTTP {status}).",
            "Check the secret that the contract names, and our right to read this.",
        )  # fmt: skip
    return content


def _no_answer(api: _Api, url: httpx.URL, wrong: Exception) -> UnreadableDelivery:
    reason = str(wrong) if isinstance(wrong, _Busy) else type(wrong).__name__
    problem = f"No answer after {ATTEMPTS} attempts ({reason})."
    if isinstance(wrong, _Busy) and (wrong.pause or 0) > LONGEST_ASKED:
        problem = f"It is busy, and asks us to wait {wrong.pause:,.0f} seconds ({reason})."
    return UnreadableDelivery(
        api.source.name, _shown(url), problem,
        "Run the batch again later: pages that were fetched are kept for some hours. If it stays "
        "so, tell the department.",
    )  # fmt: skip


def _ask(api: _Api, url: httpx.URL) -> tuple[int, bytes]:
    """Status and content; redirects are followed on the same host only."""
    start = url
    for _ in range(REDIRECTS + 1):
        with api.client.stream("GET", url) as response:
            if response.status_code == 429 or response.status_code >= 500:
                raise _Busy(response)
            if not response.has_redirect_location:
                return response.status_code, _bounded(api, url, response)
            target = url.join(response.headers["Location"])
            _refuse_other_host(api.source, start, target, f"{_shown(url)}: Its redirect")
            url = target
    raise UnreadableDelivery(
        api.source.name, _shown(start), f"It redirects more than {REDIRECTS} times.",
        "Check the address in the contract; a login page often does so.",
    )  # fmt: skip


def _bounded(api: _Api, url: httpx.URL, response: httpx.Response) -> bytes:
    content = bytearray()
    for block in response.iter_bytes():
        content += block
        if len(content) > api.limits.page_bytes:
            raise UnreadableDelivery(
                api.source.name, _shown(url),
                f"A page is larger than {api.limits.page_bytes / (1 << 20):g} MiB.",
                "Ask for smaller pages, or raise BASELIB_PAGE_LIMIT.",
            )  # fmt: skip
    return bytes(content)


def _is_enough(state: RetryCallState) -> bool:
    """Whether to give up: after so many attempts, or because we are asked to wait too long."""
    wrong = state.outcome.exception() if state.outcome else None
    too_long = isinstance(wrong, _Busy) and (wrong.pause or 0) > LONGEST_ASKED
    return too_long or state.attempt_number >= ATTEMPTS


def _pause(state: RetryCallState) -> float:
    """Seconds until the next attempt: what the API asks for, else twice as long each time."""
    wrong = state.outcome.exception() if state.outcome else None
    if isinstance(wrong, _Busy) and wrong.pause is not None:
        return wrong.pause
    return min(FIRST_PAUSE * 2.0 ** (state.attempt_number - 1), LONGEST_PAUSE)


def _highest(source: Source, so_far: str | None, records: list[object]) -> str | None:
    column = source.server.watermark_column
    if source.delivery != "delta" or column is None:
        return so_far
    values = [record.get(column) for record in records if isinstance(record, dict)]
    texts = [str(value) for value in (so_far, *values) if value is not None]
    if all(text.isdecimal() for text in texts):
        return max(texts, key=int, default=None)
    return max(texts)


def _shown(url: httpx.URL) -> str:
    """An address without its query, in which tokens and personal data may stand."""
    return f"{url.scheme}://{url.netloc.decode()}{url.path}".replace(
        url.userinfo.decode() + "@", ""
    )
