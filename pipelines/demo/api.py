"""A demo HTTP API, that of the education bureau: paged JSON with a bearer token.

``GET /students?batch=20260630&page=2`` answers ``{"code": 0, "data": {"total": …, "list": […],
"nextPage": "3"}}``; ``nextPage`` is null on the last page. It listens on the loopback address only,
and its token protects nothing but a fictional city.
"""

import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from pipelines.batch import batch_date
from pipelines.errors import BadBatchId

PORT = 18765
PAGE_SIZE = 2_000  # records; a page is some 600 kB
_POLL = 0.05  # seconds until a shutdown is noticed
TOKEN = "baselib-demo"  # noqa: S105 - of a fictional bureau


def environment(url: str, token: str = TOKEN) -> Mapping[str, str]:
    """The variables that the contract ``education__students`` asks for."""
    return {"BASELIB_DEMO_API": url, "BASELIB_SECRET_DEMO_API": token}


@contextmanager
def serve(directory: Path, port: int = PORT, token: str = TOKEN) -> Iterator[str]:
    """Serve the pupils below ``directory`` in the background; gives the base URL.

    Args:
        directory: Where ``generate`` wrote the city.
        port: Port on 127.0.0.1; 0 takes any free one.
        token: What a request must carry as ``Authorization: Bearer …``.

    Raises:
        OSError: the port is in use.
    """
    with _Server(directory, port, token) as server:
        thread = Thread(target=server.serve_forever, args=(_POLL,), name="demo-api", daemon=True)
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


def serve_forever(directory: Path, port: int = PORT, token: str = TOKEN) -> None:
    """Serve until interrupted; see ``serve``."""
    with _Server(directory, port, token) as server:
        server.serve_forever()


class _Pages:
    """The lines of one file by page, read where they are."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @cached_property
    def _starts(self) -> list[int]:
        """Byte offset of every page's first line."""
        starts, offset = [], 0
        with self._file.open("rb") as lines:
            for count, line in enumerate(lines):
                if count % PAGE_SIZE == 0:
                    starts.append(offset)
                offset += len(line)
            self.total = count + 1 if starts else 0
        return starts

    def read(self, page: int) -> dict[str, object]:
        """The answer for a page; one behind the last is empty."""
        starts = self._starts
        last = max(1, len(starts))
        records: list[object] = []
        if 1 <= page <= len(starts):
            with self._file.open("rb") as lines:
                lines.seek(starts[page - 1])
                records = [json.loads(line) for line in islice(lines, PAGE_SIZE)]
        following = str(page + 1) if page < last else None
        return {"total": self.total, "page": page, "list": records, "nextPage": following}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, directory: Path, port: int, token: str) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._directory = directory
        self.token = token
        self._pages: dict[Path, tuple[int, _Pages]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def pages(self, batch: str) -> _Pages | None:
        """The pages of a batch, or None if it was not delivered; a new file is read anew."""
        file = self._directory / "education" / f"students_{batch}.jsonl"
        if not file.is_file():
            return None
        changed = file.stat().st_mtime_ns
        cached = self._pages.get(file)
        if cached is None or cached[0] != changed:
            cached = self._pages[file] = (changed, _Pages(file))
        return cached[1]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request."""
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.server.token.encode()):
            self._answer(HTTPStatus.UNAUTHORIZED, {"code": 401, "message": "未授权"})
            return
        address = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        page, batch = query.get("page", "1"), query.get("batch", "")
        if address.path != "/students" or not page.isdecimal() or not _is_batch(batch):
            self._answer(HTTPStatus.BAD_REQUEST, {"code": 400, "message": "参数错误"})
            return
        pages = self.server.pages(batch)
        if pages is None:
            self._answer(HTTPStatus.NOT_FOUND, {"code": 404, "message": "没有这一批次的数据"})
            return
        answer = {"code": 0, "message": "成功", "data": pages.read(int(page))}
        self._answer(HTTPStatus.OK, answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Keep quiet: the pipeline's own log says what was fetched."""

    def _answer(self, status: HTTPStatus, content: Mapping[str, object]) -> None:
        body = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _is_batch(batch: str) -> bool:
    try:
        batch_date(batch)
    except BadBatchId:
        return False
    return True
