"""``python -m benchmarks.serve``: verified names a second, beside bare FastAPI and psycopg.

The service checks a token, a grant and its limits, reads as the role of the grant and notes each
call before it answers; the bare one answers the same question of the same table by one
SELECT, and does nothing else. Both are asked by the same clients, one after the other, in one run.
"""

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import httpx
import jwt
import psutil
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from benchmarks.machine import this_machine
from pipelines.libraries import load_library
from pipelines.serve.audit.seal import seal_log, verify_log
from pipelines.serve.grants.apply import apply_grants
from pipelines.serve.grants.keys import make_key
from pipelines.settings import PROJECT, Settings, load_settings
from pipelines.warehouse import database_url, migrate, stop_embedded
from pipelines.warehouse.base.publish import publish

GRANT = "housing_fund__loan_review"
BARE = """
import sys
from fastapi import FastAPI
from psycopg_pool import ConnectionPool
import uvicorn
pool = ConnectionPool(sys.argv[1], min_size=8, max_size=16, kwargs={"autocommit": True})
app = FastAPI()
@app.post("/verify")
def verify(given: dict[str, str]) -> dict[str, bool]:
    with pool.connection() as connection:
        row = connection.execute(
            "SELECT count(*) FROM base.person WHERE citizen_id = %s AND person_name = %s",
            (given["citizen_id"], given["person_name"]),
        ).fetchone()
    return {"answer": row[0] == 1}
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), access_log=False, log_level="warning")
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serve", description=__doc__)
    parser.add_argument("--persons", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=8)
    given = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("BASELIB_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="baselib-bench-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        settings = load_settings(home=home / "home")
        try:
            _measure(settings, home, given)
        finally:
            stop_embedded(settings)


def _measure(settings: Settings, folder: Path, given: argparse.Namespace) -> None:
    migrate(settings)
    _publish(settings, folder, given.persons)
    key = _grant(settings, folder)
    url = database_url(settings)
    print(f"{this_machine()}\n{given.persons:,} persons, {given.clients} clients\n")
    print("| | calls a second | p50 ms | p95 ms | CPU ms a call |\n|---|---|---|---|---|")
    bare = [sys.executable, "-c", BARE, url]
    with _service([*bare, "{port}"]) as (port, process):
        _tell("bare FastAPI + psycopg", process, lambda: _load(port, "/verify", {}, given))
    ours = [sys.executable, "-m", "pipelines", "serve", "--home", str(settings.home), "--port"]
    with _service([*ours, "{port}"]) as (port, process):
        headers = _headers(port, key)
        path = "/v1/population/verify"
        _tell("baselib serve, audited", process, lambda: _load(port, path, headers, given))
    seal_log(settings)
    print(f"\n{verify_log(settings).events:,} events in a whole log.\n")
    _look_ups(url, given.persons)


def _publish(settings: Settings, folder: Path, persons: int) -> None:
    numbers = range(persons)
    people = {
        "entity_id": [_id("P", n) for n in numbers],
        "citizen_id": [_number(n) for n in numbers],
        "person_name": [_name(n) for n in numbers],
        "mobile": [f"138{n:08}" for n in numbers],
        "birth_date": [_born(n) for n in numbers],
    }
    licences = {
        "entity_id": [_id("L", n) for n in numbers],
        "license_number": [f"云{n:010}" for n in numbers],
        "holder_person_id": people["entity_id"],
    }
    _publish_library(settings, folder, "population", people)
    _publish_library(settings, folder, "e_license", licences)


def _publish_library(
    settings: Settings, folder: Path, name: str, golden: Mapping[str, Sequence[object]]
) -> None:
    library, ids = load_library(name), golden["entity_id"]
    source = {
        "entity_id": ids,
        "record_no": [1] * len(ids),
        "source": ["a__b"] * len(ids),
        "source_key": [str(n) for n in range(len(ids))],
    }
    tables = {"": golden, "_source": source, "_redirect": {"entity_id": []}}
    files = {}
    for suffix, columns in tables.items():
        table = f"{library.entity}{suffix}"
        files[table] = [folder / f"{table}.parquet"]
        pq.write_table(pa.table(dict(columns)), files[table][0])
    publish(settings, library, "20260630", files, {f"core.{library.entity}": 1})


def _id(prefix: str, n: int) -> str:
    return f"{prefix}-{n:024x}"


def _born(n: int) -> date:
    return date(1930, 1, 1) + timedelta(days=n % 30_000)


def _number(n: int) -> str:
    return f"11010519{n:010}"


def _name(n: int) -> str:
    return "王" + chr(0x4E00 + n % 20_000)


def _grant(settings: Settings, folder: Path) -> Path:
    key, grants = folder / "key.pem", folder / "grants"
    grants.mkdir()
    declared = yaml.safe_load((PROJECT / "grants" / f"{GRANT}.yml").read_text(encoding="utf-8"))
    declared |= {"public_key": make_key(key)}
    declared["limits"] = {"minute": 100_000, "day": 100_000_000, "rows_day": 100_000_000}
    written = yaml.safe_dump(declared, allow_unicode=True)
    (grants / f"{GRANT}.yml").write_text(written, encoding="utf-8")
    apply_grants(settings.model_copy(update={"grants": grants}), "benchmark")
    return key


@contextmanager
def _service(command: list[str]) -> Iterator[tuple[int, psutil.Process]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([word.format(port=port) if word == "{port}" else word
                                for word in command])  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://127.0.0.1:{port}/openapi.json").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _headers(port: int, key: Path) -> dict[str, str]:
    now = int(time.time())
    claims = {"iss": GRANT, "sub": GRANT, "aud": "baselib", "iat": now, "exp": now + 60}
    assertion = jwt.encode(claims | {"jti": uuid4().hex}, key.read_text(), "ES256")
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    answer = httpx.post(f"http://127.0.0.1:{port}/v1/token", data=form).raise_for_status()
    token = answer.json()["access_token"]
    return {"Authorization": f"Bearer {token}", "Baselib-Actor": "bench", "Baselib-Case": "1"}


def _load(
    port: int, path: str, headers: Mapping[str, str], given: argparse.Namespace
) -> tuple[float, list[float]]:
    """Calls a second, and seconds of each; half of the names are wrong."""
    until = time.monotonic() + given.seconds
    times: list[float] = []

    def ask(seed: int) -> None:
        chance, mine = random.Random(seed), []
        connection = HTTPConnection("127.0.0.1", port)
        while time.monotonic() < until:
            n = chance.randrange(given.persons)
            name = _name(n) if n % 2 else "张三"
            body = json.dumps({"citizen_id": _number(n), "person_name": name})
            begun = time.perf_counter()
            connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            told = json.loads(answer.read())
            mine.append(time.perf_counter() - begun)
            assert told["answer"] in ((True, "yes") if n % 2 else (False, "no")), answer.status
        times.extend(mine)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(given.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(times) / given.seconds, sorted(times)


def _tell(
    what: str, process: psutil.Process, measure: Callable[[], tuple[float, list[float]]]
) -> None:
    """A line of the table; the CPU time of the service is much the same on a busy machine."""
    before = process.cpu_times()
    rate, times = measure()
    after = process.cpu_times()
    cpu = (after.user + after.system - before.user - before.system) / len(times)
    p95 = times[int(len(times) * 0.95)]
    told = f"{rate:,.0f} | {statistics.median(times) * 1e3:.1f} | {p95 * 1e3:.1f}"
    print(f"| {what} | {told} | {cpu * 1e3:.2f} |")


def _look_ups(url: str, persons: int) -> None:
    """The documented look-ups, by SQL alone: through the grant's functions, and of the tables."""
    print("| look-up | p50 ms | p95 ms |\n|---|---|---|")
    with psycopg.connect(url, autocommit=True) as connection:
        chosen = random.Random(1).choices(range(persons), k=2_000)
        for what, (statement, value) in _asked(connection).items():
            times = []
            for n in chosen:
                values = (value(n),)
                begun = time.perf_counter()
                found = connection.execute(statement, values).fetchall()
                times.append(time.perf_counter() - begun)
                assert found, what
            times.sort()
            p95 = times[int(len(times) * 0.95)]
            print(f"| {what} | {statistics.median(times) * 1e3:.2f} | {p95 * 1e3:.2f} |")


def _asked(
    connection: psycopg.Connection[tuple[object, ...]],
) -> Mapping[str, tuple[LiteralString, Callable[[int], object]]]:
    """Look-up to its statement and what number ``n`` is asked by."""
    known = "SELECT own_id FROM serve.own_id WHERE real_id LIKE 'P-%' ORDER BY own_id LIMIT 2000"
    own_ids = [row[0] for row in connection.execute(known)]

    def both(n: int) -> str:
        return json.dumps({"citizen_id": _number(n), "person_name": _name(n)})

    verify, find, read = (
        f'SELECT * FROM serve."housing_fund__loan_review__{name}"(%s)'
        for name in ("verify", "find", "read")
    )
    of_person = "SELECT entity_id FROM base.person WHERE"
    of_license = "SELECT entity_id FROM base.license WHERE"
    return {
        "verify by number and name, as the grant": (verify, both),
        "find by number and name, as the grant": (find, both),
        "read by id, as the grant": (read, lambda n: [own_ids[n % len(own_ids)]]),
        "`base.person` by id": (f"{of_person} entity_id = %s", lambda n: _id("P", n)),
        "`base.person` by number": (f"{of_person} citizen_id = %s", _number),
        "`base.person` by mobile": (f"{of_person} mobile = %s", lambda n: f"138{n:08}"),
        "`base.person` by day of birth": (f"{of_person} birth_date = %s", _born),
        "`base.license` by number": (f"{of_license} license_number = %s", lambda n: f"云{n:010}"),
        "`base.license` by holder": (f"{of_license} holder_person_id = %s", lambda n: _id("P", n)),
        "`serve.person_history` by id": (
            "SELECT from_pub FROM serve.person_history WHERE entity_id = %s",
            lambda n: _id("P", n),
        ),
    }


if __name__ == "__main__":
    main()
