"""HTTP APIs against a server on this machine: paging, patience, and what is refused."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pyarrow.parquet as pq
import pytest
from small_department import SOURCE

from pipelines.contracts.source import SourceColumn
from pipelines.errors import DeliveryMissing, UnreadableDelivery
from pipelines.extract import land_delivery
from pipelines.extract.connections import api
from pipelines.extract.connections.api import fetch_pages
from pipelines.extract.limits import STANDARD, Limits

BATCH = "20260630"


class Department:
    """What the API answers: a list of (status, headers, body), and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.tokens: list[str | None] = []
        self.answer = lambda path, query, attempt: (200, {}, {"data": []})

    def reply(self, path: str) -> tuple[int, dict, bytes]:
        self.asked.append(path)
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        status, headers, body = self.answer(parts.path, query, len(self.asked))
        return status, headers, body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture
def department() -> Iterator[Department]:
    asked = Department()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.tokens.append(self.headers.get("Authorization"))
            status, headers, body = asked.reply(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    asked.address = f"http://127.0.0.1:{server.server_port}"
    yield asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetch(department, make_source, tmp_path):
    """Fetch into a folder; returns the pages' records, the watermark and the pauses made."""

    def fetched(path="/people", watermark=None, limits=STANDARD, **changes):
        source = make_source(
            kind="api", format="api", location=department.address + path, **changes
        )
        folder = tmp_path / "pages"
        folder.mkdir(exist_ok=True)
        pauses: list[float] = []
        next_watermark = fetch_pages(source, BATCH, folder, watermark, pauses.append, limits)
        pages = [json.loads(file.read_bytes()) for file in sorted(folder.iterdir())]
        return [record["id"] for page in pages for record in page["data"]], next_watermark, pauses

    return fetched


def page(*ids, **more):
    return 200, {}, {"data": [{"id": n} for n in ids], **more}


PAGES = {"1": (1, 2), "2": (3, 4), "3": (5,)}


@pytest.mark.parametrize(
    ("style", "changes"),
    [
        (lambda n: f"/people?page={n}&size=2", {}),
        (lambda n: f"?page={n}", {}),
        (lambda n: n, {}),
        (lambda n: str(n), {}),
        (lambda n: True, {}),
    ],
    ids=["address", "query", "number", "token", "there is more"],
)
def test_pages_follow_what_the_answer_says(department, fetch, style, changes):
    def answer(path, query, attempt):
        now = query.get("page", "1")
        following = None if now == "3" else style(int(now) + 1)
        return page(*PAGES[now], next=following)

    department.answer = answer
    assert fetch(**changes)[0] == [1, 2, 3, 4, 5]
    assert len(department.asked) == 3


def test_an_absolute_address_on_the_same_host_is_followed(department, fetch):
    department.answer = lambda path, query, attempt: page(
        attempt, next=f"{department.address}/more" if attempt == 1 else None
    )
    assert fetch()[0] == [1, 2]


def test_a_next_page_may_lie_deep_in_the_answer(department, fetch):
    department.answer = lambda path, query, attempt: page(
        attempt, links={"next": "cursor-2" if attempt == 1 else None}
    )
    assert fetch(next_path="links.next", page_parameter="cursor")[0] == [1, 2]
    assert department.asked[1].endswith("?cursor=cursor-2")


def test_numbered_pages_end_with_an_empty_one(department, fetch):
    department.answer = lambda path, query, attempt: page(*PAGES.get(query["p"], ()))
    ids, _, _ = fetch("/people?size=2", next_path="", page_parameter="p")
    assert ids == [1, 2, 3, 4, 5]
    assert department.asked[3] == "/people?size=2&p=4"


@pytest.mark.parametrize("next_path", ["", "next"])
def test_a_page_that_repeats_forever_is_refused(department, fetch, next_path):
    department.answer = lambda path, query, attempt: page(
        *(1, 2)[: 20 - attempt], next=attempt < 20
    )
    with pytest.raises(UnreadableDelivery, match="again and again"):
        fetch(next_path=next_path)
    assert len(department.asked) == 2


def test_the_token_is_not_sent_to_another_host(department, fetch, monkeypatch):
    monkeypatch.setenv("BASELIB_SECRET_SCHOOLS", "t0ken")
    department.answer = lambda path, query, attempt: page(1, next="http://elsewhere.example/x")
    with pytest.raises(UnreadableDelivery, match=r"another host, elsewhere\.example"):
        fetch(secret="SCHOOLS")
    assert department.tokens == ["Bearer t0ken"]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_api_is_asked_again_later_and_later(department, fetch, status):
    department.answer = lambda path, query, attempt: (
        (status, {}, b"busy") if attempt <= 3 else page(1)
    )
    ids, _, pauses = fetch()
    assert ids == [1]
    assert pauses == [1, 2, 4]


def test_an_api_may_say_how_long_to_wait(department, fetch):
    department.answer = lambda path, query, attempt: (
        (429, {"Retry-After": "7"}, b"") if attempt == 1 else page(1)
    )
    assert fetch()[2] == [7]


def test_an_answer_that_breaks_off_is_asked_for_again(department, fetch):
    department.answer = lambda path, query, attempt: (
        (200, {"Content-Length": "999"}, b"{") if attempt == 1 else page(1)
    )
    assert fetch()[0] == [1]


def test_patience_ends(department, fetch):
    department.answer = lambda path, query, attempt: (503, {}, b"")
    with pytest.raises(UnreadableDelivery, match=r"No answer after 6 attempts \(HTTP 503\)"):
        fetch()
    assert len(department.asked) == api.ATTEMPTS


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, UnreadableDelivery), (403, UnreadableDelivery), (404, DeliveryMissing)],
)
def test_a_refusal_is_not_repeated(department, fetch, status, error):
    department.answer = lambda path, query, attempt: (status, {}, b"")
    with pytest.raises(error) as caught:
        fetch("/people?key=geheim")
    assert len(department.asked) == 1
    assert "geheim" not in str(caught.value)


def test_the_secret_must_be_in_the_environment(department, fetch, monkeypatch):
    monkeypatch.delenv("BASELIB_SECRET_SCHOOLS", raising=False)
    with pytest.raises(UnreadableDelivery, match="BASELIB_SECRET_SCHOOLS is not set"):
        fetch(secret="SCHOOLS")


def test_a_delta_takes_up_where_the_last_one_stopped(department, fetch):
    department.answer = lambda path, query, attempt: (
        200, {}, {"data": [{"id": 1, "at": "2026-06-30 09"}, {"id": 2, "at": "2026-06-30 10"},
                           {"id": 3, "at": None}]},
    )  # fmt: skip
    _, watermark, _ = fetch(
        "/changes?since={watermark}&batch={batch}",
        watermark="2026-06-29 00",
        delivery="delta",
        watermark_column="at",
    )
    assert department.asked == [f"/changes?since=2026-06-29%2000&batch={BATCH}"]
    assert watermark == "2026-06-30 10"


def test_numeric_watermarks_are_compared_as_numbers(department, fetch):
    department.answer = lambda path, query, attempt: page(9, 10)
    assert fetch(delivery="delta", watermark_column="id")[1] == "10"


def test_landed_pages_are_not_fetched_twice(department, make_source, tmp_path):
    department.answer = lambda path, query, attempt: (
        200, {}, {"data": [{"编号": attempt, "姓名": "张三"}]},
    )  # fmt: skip
    source = make_source(kind="api", format="api", location=department.address + "/people")
    first = land_delivery(source, BATCH, tmp_path / "landing", tmp_path / "scratch")
    again = land_delivery(source, BATCH, tmp_path / "landing", tmp_path / "scratch")
    assert first == again
    assert (first.rows, first.files) == (1, ("page-000001.json",))
    assert len(department.asked) == 1


def test_the_address_may_come_from_the_environment(department, make_source, tmp_path, monkeypatch):
    monkeypatch.setenv("BASELIB_SCHOOLS", department.address)
    source = make_source(kind="api", format="api", location="${BASELIB_SCHOOLS}/people")
    (tmp_path / "pages").mkdir()
    fetch_pages(source, BATCH, tmp_path / "pages", None)
    assert department.asked == ["/people"]


FAILURES = [
    ({"code": 401, "msg": "token 已过期，请重新登录", "data": None}, "code = 401, 'token 已过期"),
    ({"code": 500, "msg": "系统繁忙", "success": False, "data": []}, "code = 500, '系统繁忙'"),
    ({"success": False, "message": "no right", "data": []}, "success = false, 'no right'"),
    ({"errcode": 40001, "errmsg": "invalid credential"}, "errcode = 40001, 'invalid credential'"),
    ({"code": "A0230", "msg": "令牌失效", "data": []}, "code = A0230"),
    ({"code": -1, "msg": "x", "data": [{"id": 1}]}, "code = -1"),
    ({"error": "invalid_token", "data": None}, "error, 'invalid_token'"),
    ({"code": 500, "msg": "身份证号 110105199001011234 不存在"}, "身份证号 … 不存在"),
]


@pytest.mark.parametrize(("body", "message"), FAILURES)
@pytest.mark.parametrize("fails_on", [1, 3])
def test_a_page_that_says_that_it_failed_is_no_end_of_the_data(
    department, fetch, body, message, fails_on
):
    department.answer = lambda path, query, attempt: (
        (200, {}, body) if attempt == fails_on else page(attempt, next=str(attempt + 1))
    )
    with pytest.raises(UnreadableDelivery, match=message):
        fetch()


@pytest.mark.parametrize(
    "more",
    [{"code": 200}, {"code": 0}, {"code": "0000"}, {"code": "SUCCESS"}, {"status": 1},
     {"success": True}, {"code": "OK", "error": None}, {"code": 20000}, {"code": 1001}],
)  # fmt: skip
def test_a_page_with_records_may_have_a_code_of_its_own(department, fetch, more):
    department.answer = lambda path, query, attempt: page(1, **more)
    assert fetch()[0] == [1]


def test_the_last_page_is_empty_and_has_the_code_of_the_others(department, fetch):
    department.answer = lambda path, query, attempt: page(
        *((1,), ())[attempt - 1], status="active", next=attempt < 2
    )
    assert fetch()[0] == [1]


def test_the_contract_says_what_success_is(department, fetch):
    department.answer = lambda path, query, attempt: page(1, head={"rc": "7", "tip": "无权限"})
    rules = {"success_path": "head.rc", "message_path": "head.tip"}
    with pytest.raises(UnreadableDelivery, match=r"head\.rc = 7, '无权限'"):
        fetch(**rules, success_values=("00",))
    assert fetch(**rules, success_values=("00", "7"))[0] == [1]


def test_fewer_records_than_the_total_stop_the_batch(department, fetch):
    department.answer = lambda path, query, attempt: page(
        *(((1, 2), (3,), ())[attempt - 1]), total=40, next=attempt < 3
    )
    with pytest.raises(UnreadableDelivery, match="3 of the 40 records"):
        fetch()


@pytest.mark.parametrize("total", [3, "3", 2, 0, None])
def test_as_many_records_as_the_total_or_a_total_of_pages(department, fetch, total):
    department.answer = lambda path, query, attempt: page(
        *(((1, 2), (3,))[attempt - 1]), total=total, next=attempt < 2
    )
    assert fetch()[0] == [1, 2, 3]


def test_the_total_is_where_the_contract_says(department, fetch):
    department.answer = lambda path, query, attempt: page(1, sum={"n": 2})
    with pytest.raises(UnreadableDelivery, match="1 of the 2 records"):
        fetch(total_path="sum.n")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_login_page_is_called_so(department, fetch, encoding):
    html = "<html><head><title>统一身份认证</title></head></html>".encode(encoding)
    department.answer = lambda path, query, attempt: (200, {}, html)
    with pytest.raises(UnreadableDelivery, match="web page called '统一身份认证'"):
        fetch()


def test_redirects_stay_on_the_host(department, fetch):
    def answer(path, query, attempt):
        return (302, {"Location": "/new"}, b"") if path == "/people" else page(1)

    department.answer = answer
    assert fetch()[0] == [1]
    department.answer = lambda *_: (302, {"Location": "http://elsewhere.example/x"}, b"")
    with pytest.raises(UnreadableDelivery, match=r"redirect is at another host, elsewhere"):
        fetch()
    department.answer = lambda *_: (302, {"Location": "/people"}, b"")
    with pytest.raises(UnreadableDelivery, match="more than 5 times"):
        fetch()


def test_a_next_page_without_encryption_is_refused():
    start, safe = api.httpx.URL("https://a.example/x"), api.httpx.URL("http://a.example/x")
    with pytest.raises(UnreadableDelivery, match="is at http://a"):
        api._refuse_other_host(SOURCE, start, safe, "page: Its next page")
    api._refuse_other_host(SOURCE, safe, start, "page: Its next page")


def test_pages_are_bounded(department, fetch):
    department.answer = lambda path, query, attempt: page(attempt, next=str(attempt))
    with pytest.raises(UnreadableDelivery, match=r"more than 3 pages.*BASELIB_PAGES"):
        fetch(limits=Limits(pages=3))
    with pytest.raises(UnreadableDelivery, match=r"larger than .*BASELIB_PAGE_LIMIT"):
        fetch(limits=Limits(page_bytes=10))


def test_a_token_has_a_parameter_of_its_own(department, fetch):
    department.answer = lambda path, query, attempt: page(attempt, next="t" if attempt < 2 else "")
    fetch(cursor_parameter="cursor")
    assert department.asked[1] == "/people?cursor=t"


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-16"])
def test_an_answer_may_be_in_another_encoding_than_json_should_be(
    department, make_source, tmp_path, encoding
):
    records = [{"编号": "1", "姓名": "欧阳㐀"}, {"编号": "2", "姓名": '李, "四"'}]
    answer = json.dumps({"data": records}, ensure_ascii=False).encode(encoding)
    department.answer = lambda path, query, attempt: (200, {}, answer)
    columns = [SourceColumn("source_key", "编号", primary_key=True), SourceColumn("n", "姓名")]
    delivery = land(department, make_source, tmp_path, columns=columns)
    rows = [row for path in delivery.parquet_paths for row in pq.read_table(path).to_pylist()]
    assert [{"编号": row["编号"], "姓名": row["姓名"]} for row in rows] == records


def test_a_damaged_answer_is_not_read_as_another_encoding(department, fetch):
    whole = json.dumps({"data": [{"id": "一二三四五六七八九十"}]}, ensure_ascii=False).encode()
    for answer in (whole.replace("三".encode(), b"\xb8\x89"), b'{"data": ["\xff\xff"]}'):
        department.answer = lambda path, query, attempt, answer=answer: (200, {}, answer)
        with pytest.raises(UnreadableDelivery, match=r"Byte \d+ of it does not decode"):
            fetch()


def land(department, make_source, tmp_path, **changes):
    changes = {"kind": "api", "format": "api", "location": f"{department.address}/people"} | changes
    columns = (SourceColumn("source_key", "id", primary_key=True),)
    source = make_source(**{"columns": columns} | changes)
    return land_delivery(source, BATCH, tmp_path / "landing", tmp_path / "scratch")


@pytest.mark.parametrize("failure", [(200, {}, {"code": 500, "msg": "繁忙"}), (401, {}, {})])
def test_the_next_try_goes_on_at_the_page_that_failed(department, make_source, tmp_path, failure):
    broken = True

    def answer(path, query, attempt):
        now = query.get("page", "1")
        if broken and now == "3":
            return failure
        return page(*PAGES[now], next=None if now == "3" else int(now) + 1, total=5)

    department.answer = answer
    for _ in range(2):
        with pytest.raises(UnreadableDelivery):
            land(department, make_source, tmp_path)
    (draft,) = (tmp_path / "landing" / SOURCE.name).iterdir()
    assert draft.name == f".{BATCH}.part"
    broken = False
    department.asked.clear()
    delivery = land(department, make_source, tmp_path)
    assert (delivery.rows, delivery.files) == (5, tuple(f"page-{n:06}.json" for n in (1, 2, 3)))
    assert department.asked == ["/people?page=3"]
    assert [each.name for each in (tmp_path / "landing" / SOURCE.name).iterdir()] == [BATCH]


def test_a_token_that_expired_is_no_end_but_a_new_beginning(department, make_source, tmp_path):
    session = "a"

    def answer(path, query, attempt):
        token = query.get("cursor")
        if token is None:
            return page(1, 2, next=f"{session}2")
        if token == "b2":
            return page(3, next=None)
        return (410 if session == "b" else 401), {}, {}

    department.answer = answer
    with pytest.raises(UnreadableDelivery):
        land(department, make_source, tmp_path, cursor_parameter="cursor")
    session = "b"
    assert land(department, make_source, tmp_path, cursor_parameter="cursor").rows == 3
    assert department.asked[2:] == ["/people?cursor=a2", "/people", "/people?cursor=b2"]


@pytest.mark.parametrize("why", ["another question", "too old", "fewer than the total"])
def test_pages_that_do_not_fit_are_asked_for_again(department, make_source, tmp_path, why):
    broken, total = True, 5

    def answer(path, query, attempt):
        now = query.get("page", "1")
        if broken and now == "3":
            return page(next=None, total=total) if why.startswith("fewer") else (403, {}, {})
        return page(*PAGES[now], next=None if now == "3" else int(now) + 1, total=total)

    department.answer = answer
    with pytest.raises(UnreadableDelivery):
        land(department, make_source, tmp_path)
    if why == "too old":
        for file in (tmp_path / "landing" / SOURCE.name).glob(".*/_*"):
            os.utime(file, (0, 0))
    changes = {"message_path": "m"} if why != "another question" else {"cursor_parameter": "page"}
    broken = False
    department.asked.clear()
    assert land(department, make_source, tmp_path, **changes).rows == 5
    assert len(department.asked) == 3


@pytest.mark.parametrize("seconds", [45, 300])
def test_an_api_says_how_long_to_wait_and_is_not_asked_before(department, fetch, seconds):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    answers = [(429, {"Retry-After": str(seconds)}, {}), (503, {"Retry-After": date}, {})]
    department.answer = lambda path, query, n: answers[n - 1] if n < 3 else page(1)
    _, _, pauses = fetch()
    assert pauses[0] == seconds
    assert seconds - 5 < pauses[1] <= seconds


def test_an_api_that_asks_to_wait_for_an_hour_is_left_to_the_scheduler(department, fetch):
    department.answer = lambda path, query, n: (429, {"Retry-After": "3600"}, {})
    with pytest.raises(UnreadableDelivery, match="wait 3,600 seconds"):
        fetch()
    assert len(department.asked) == 1


@pytest.mark.parametrize(
    "address", ["http://[zz]/x", "http://h\u2024\u2024x..测/ ", "http://a:b@:9/"]
)
def test_an_address_that_is_none_is_a_fault_of_the_contract(make_source, tmp_path, address):
    source = make_source(kind="api", format="api", location=address)
    with pytest.raises(UnreadableDelivery):
        fetch_pages(source, BATCH, tmp_path, None, lambda _: None)


def test_a_next_page_that_is_no_address_is_told(department, fetch):
    department.answer = lambda path, query, n: page(1, next="http://[zz]/x")
    with pytest.raises(UnreadableDelivery, match="address that is none"):
        fetch()
