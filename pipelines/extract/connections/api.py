"""Fetch the pages of an HTTP API that answers in JSON, and keep them as they came.

Pages follow one another by an address, a token or a number in the answer (``next_path``), or by
number alone until one is empty (``next_path`` empty). An API that is busy or does not answer is
asked again, later and later; one whose pages repeat is refused, for it would never end.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from pipelines.contracts.source import Source
from pipelines.errors import DeliveryMissing, UnreadableDelivery
from pipelines.extract.connections.secrets import expanded, secret_of
from pipelines.extract.formats.jsonlines import at_path, parse_page, records_on

ATTEMPTS = 6  # with the pauses below, a minute: longer outages are for the scheduler's own retries
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds; each pause is twice the one before
TIMEOUT = httpx.Timeout(60.0, connect=10.0)  # departments' gateways take half a minute for a page


class _Busy(Exception):
    """The API answered that it cannot answer now."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"HTTP {response.status_code}")
        self.pause = response.headers.get("Retry-After", "")


def fetch_pages(
    source: Source,
    batch: str,
    folder: Path,
    watermark: str | None,
    sleep: Callable[[float], None] = time.sleep,
) -> str | None:
    """Write each page to ``page-<n>.json`` in ``folder``, and return the next watermark.

    Raises:
        DeliveryMissing: the address does not exist.
        UnreadableDelivery: the API refuses us, stays silent, or its pages repeat.
    """
    address = expanded(source, source.server.location).replace("{batch}", quote(batch))
    start = httpx.URL(address.replace("{watermark}", quote(watermark or "")))
    token = secret_of(source)
    headers = {"Accept": "application/json"} | (
        {"Authorization": f"Bearer {token}"} if token else {}
    )
    highest = watermark
    with httpx.Client(headers=headers, timeout=TIMEOUT, follow_redirects=True) as client:
        pages = _pages(client, source, batch, start, sleep)
        for number, (content, records) in enumerate(pages, start=1):
            (folder / f"page-{number:06}.json").write_bytes(content)
            highest = _highest(source, highest, records)
    return highest


def _pages(
    client: httpx.Client,
    source: Source,
    batch: str,
    start: httpx.URL,
    sleep: Callable[[float], None],
) -> Iterator[tuple[bytes, list[object]]]:
    """Contents of the pages and the records on them, one page after the other."""
    server, number = source.server, 1
    url = start if server.next_path else start.copy_set_param(server.page_parameter, 1)
    asked, seen = set[httpx.URL](), set[bytes]()
    while True:
        asked.add(url)
        content = _get(client, source, batch, url, sleep)
        page = parse_page(source, _shown(url), content)
        records = records_on(source, _shown(url), page)
        yield content, records
        mark = hashlib.sha256(content).digest()
        next_page = at_path(page, server.next_path) if server.next_path else bool(records)
        if not next_page:
            return
        number += 1
        url = _next_url(source, start, url, next_page, number)
        if url in asked or (records and mark in seen):
            raise UnreadableDelivery(
                source.name, _shown(url), f"Page {number - 1} comes again and again.",
                "Check next_path and page_parameter in the contract.",
            )  # fmt: skip
        seen.add(mark)


def _next_url(
    source: Source, start: httpx.URL, current: httpx.URL, next_page: object, number: int
) -> httpx.URL:
    """The address of the next page; ``next_page`` is an address, a token, a number or just True."""
    if next_page is True:
        return start.copy_set_param(source.server.page_parameter, number)
    text = str(next_page)
    if not text.startswith(("http://", "https://", "/", "?")):
        return start.copy_set_param(source.server.page_parameter, text)
    url = current.join(text)
    if (url.scheme, url.host, url.port) != (start.scheme, start.host, start.port):
        raise UnreadableDelivery(
            source.name, _shown(current), f"Its next page is at another host, {url.host}.",
            "The token is not sent there; ask the department to correct the API.",
        )  # fmt: skip
    return url


def _get(
    client: httpx.Client,
    source: Source,
    batch: str,
    url: httpx.URL,
    sleep: Callable[[float], None],
) -> bytes:
    again = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=_pause,
        retry=retry_if_exception_type((_Busy, httpx.TransportError)),
        sleep=sleep,
        reraise=True,
    )
    try:
        response = again(_ask, client, url)
    except (_Busy, httpx.HTTPError, httpx.InvalidURL) as wrong:
        reason = str(wrong) if isinstance(wrong, _Busy) else type(wrong).__name__
        raise UnreadableDelivery(
            source.name, _shown(url), f"No answer after {ATTEMPTS} attempts ({reason}).",
            "Run the batch again later; if it stays so, tell the department.",
        ) from None  # fmt: skip
    if response.status_code in {404, 410}:
        raise DeliveryMissing(source.name, batch, _shown(url))
    if not response.is_success:
        raise UnreadableDelivery(
            source.name, _shown(url), f"It refuses us (HTTP {response.status_code}).",
            "Check the secret that the contract names, and our right to read this.",
        )  # fmt: skip
    return response.content


def _ask(client: httpx.Client, url: httpx.URL) -> httpx.Response:
    response = client.get(url)
    if response.status_code == 429 or response.status_code >= 500:
        raise _Busy(response)
    return response


def _pause(state: RetryCallState) -> float:
    """Seconds until the next attempt: what the API asks for, else twice as long each time."""
    wrong = state.outcome.exception() if state.outcome else None
    if isinstance(wrong, _Busy) and wrong.pause.isdigit():
        return min(float(wrong.pause), LONGEST_PAUSE)
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
