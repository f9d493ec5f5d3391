"""The education bureau's interface: pages, token, refusals."""

import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from pipelines.demo import api


@pytest.fixture
def bureau(tmp_path):
    file = tmp_path / "education" / "students_20260630.jsonl"
    file.parent.mkdir()
    records = (json.dumps({"xjh": f"G{n}", "xsxm": "王小明"}, ensure_ascii=False) for n in range(5))
    file.write_text("\n".join(records) + "\n", encoding="utf-8")
    (tmp_path / "education" / "students_20260702.jsonl").write_text("")
    with api.serve(tmp_path, port=0, token="t") as url:
        yield url


def get(url: str, path: str, token: str = "t") -> tuple[int, dict]:
    connection = HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def test_pages_follow_each_other_and_give_each_record_once(bureau, monkeypatch):
    monkeypatch.setattr(api, "PAGE_SIZE", 2)
    seen, page, pages = [], "1", 0
    while page:
        status, answer = get(bureau, f"/students?batch=20260630&page={page}")
        assert status == 200
        seen += [record["xjh"] for record in answer["data"]["list"]]
        page, pages = answer["data"]["nextPage"], pages + 1
    assert seen == ["G0", "G1", "G2", "G3", "G4"]
    assert pages == 3
    assert answer["data"]["total"] == 5


def test_the_first_page_is_the_default_and_one_behind_the_last_is_empty(bureau):
    assert len(get(bureau, "/students?batch=20260630")[1]["data"]["list"]) == 5
    assert get(bureau, "/students?batch=20260630&page=9")[1]["data"]["list"] == []


def test_an_empty_delivery_is_one_empty_page(bureau):
    status, answer = get(bureau, "/students?batch=20260702")
    assert status == 200
    assert answer["data"] == {"total": 0, "page": 1, "list": [], "nextPage": None}


@pytest.mark.parametrize(
    ("path", "token", "expected"),
    [
        pytest.param("/students?batch=20260630", "wrong", 401, id="wrong token"),
        pytest.param("/students?batch=20260701", "t", 404, id="not delivered"),
        pytest.param("/students", "t", 400, id="no batch"),
        pytest.param("/students?batch=..%2f..%2fetc", "t", 400, id="a path for a batch"),
        pytest.param("/students?batch=20260630&page=x", "t", 400, id="no page number"),
        pytest.param("/teachers?batch=20260630", "t", 400, id="another address"),
    ],
)
def test_refusals(bureau, path, token, expected):
    assert get(bureau, path, token)[0] == expected


def test_the_environment_is_what_the_contract_asks_for():
    assert api.environment("http://127.0.0.1:1", "t") == {
        "BASELIB_DEMO_API": "http://127.0.0.1:1",
        "BASELIB_SECRET_DEMO_API": "t",
    }
