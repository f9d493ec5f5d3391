"""The demonstration's consumers: a key for each grant, and one way through the service.

It starts the service on a free port, asks as a consumer would, by the client of the documentation,
and shows what was asked and what was answered.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml
from sqlalchemy import text

from pipelines.clean.masking import mask_text
from pipelines.errors import SystemFault, TableMissing
from pipelines.runtime.child_environment import without_secrets
from pipelines.serve.grants.apply import apply_grants
from pipelines.serve.grants.keys import make_key, public_key_of
from pipelines.serve.grants.read import read_grants
from pipelines.serve.next_delivery import deliver_a_change
from pipelines.settings import PROJECT, Settings
from pipelines.warehouse import connect

CLIENT = PROJECT / "docs" / "consumer.py"
GRANT, FOLLOWER = "housing_fund__loan_review", "statistics__enterprise_directory"
_SHOWN = 3  # changes
_STARTS_WITHIN = 300.0  # seconds: of a machine that is busy; one that has ended is noticed at once
_SOMEBODY = text("""
SELECT citizen_id, person_name FROM base.person AS one
WHERE citizen_id IS NOT NULL AND person_name IS NOT NULL
    AND NOT EXISTS (SELECT FROM base.person AS other
        WHERE other.citizen_id = one.citizen_id AND other.entity_id <> one.entity_id)
ORDER BY EXISTS (SELECT FROM base.legal_entity AS firm
        WHERE firm.legal_representative_person_id = one.entity_id)
    AND EXISTS (SELECT FROM base.license AS held WHERE held.holder_person_id = one.entity_id) DESC,
    one.entity_id LIMIT 1""")
Say = Callable[[str], None]


def show_consumers(settings: Settings, say: Say) -> None:
    """Give each grant a key, apply them, and verify, follow and read as their consumers.

    Raises:
        TableMissing: nothing is published yet.
        GrantsRefused: the grants have faults.
        SystemFault: the service did not start.
    """
    folder = grants_with_keys(settings)
    apply_grants(settings.model_copy(update={"grants": folder}), "baselib demo")
    somebody = _somebody(settings)
    name = mask_text(somebody["person_name"], "person_name")
    number = mask_text(somebody["citizen_id"], "identity_number")
    say(f"Granted: {GRANT}, {FOLLOWER} (keys and files in {folder.parent})")
    with _service(settings) as url:
        ask = _Client(folder.parent, url)
        answer = ask(GRANT, "/v1/population/verify", somebody)
        say(f"Verified: {name} with number {number}: {answer['answer']}")
        (found,) = ask(GRANT, "/v1/population/find", somebody)["entities"]
        dossier = ask(GRANT, f"/v1/population/{found['entity_id']}/dossier")
        parts = ", ".join(f"{len(rows)} of {name}" for name, rows in dossier["linked"].items())
        say(f"Dossier: {found['entity_id']}, linked with {parts}")
        _follow(settings, ask, say)
    say("Everything asked is in the log: baselib audit verify. Ask yourself: docs/consumers.md")


def _follow(settings: Settings, ask: Callable[..., Any], say: Say) -> None:
    """Take a snapshot, and follow what changed since the feed began; let something change."""
    start = ask(FOLLOWER, "/v1/legal_entity/snapshot?limit=1")["publication"]
    feed = f"/v1/legal_entity/changes?after={_horizon(settings)}"
    told = ask(FOLLOWER, feed)
    if not told["events"]:
        say("Waiting for a change: an enterprise registers another name, which is delivered, "
            "landed, matched, merged, checked and published")  # fmt: skip
        batch = deliver_a_change(settings)
        say(f"Published: batch {batch}")
        told = ask(FOLLOWER, feed)
    for event in told["events"][-_SHOWN:]:
        columns = ", ".join(event["data"]["columns"])
        say(f"Followed: {event['type']} {event['subject']} {columns}".rstrip())
    entity = told["events"][-1]["subject"] if told["events"] else ""
    read = ask(FOLLOWER, f"/v1/legal_entity/{entity}")["entity"] if entity else {}
    name = f"; it is called {read['organization_name']} now" if read else ""
    say(f"{len(told['events'])} changes since publication {start}{name}. "
        f"Go on after {told['next']}")  # fmt: skip


class _Client:
    """Runs the documentation's client, as a consumer does."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        words = {"BASELIB_SERVICE": url, "ACTOR": "示范科员", "CASE_NO": "示范-1"}
        self._environment = {k: v for k, v in os.environ.items() if not _is_secret(k)} | words

    def __call__(self, grant: str, path: str, body: object = None) -> Any:
        command = [sys.executable, str(CLIENT), str(self._folder / f"{grant}.pem"), grant, path]
        done = subprocess.run(  # noqa: S603 - our own client
            command + ([json.dumps(body, ensure_ascii=False)] if body else []),
            env=self._environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemFault(
                f"ask {path.partition('?')[0]}", "the service refused", "See its log."
            )
        return json.loads(done.stdout)


def _is_secret(variable: str) -> bool:
    return variable.startswith("BASELIB_")


def grants_with_keys(settings: Settings) -> Path:
    """The grants of the settings, each with the key of a demonstration's consumer."""
    home = settings.home / "demo" / "consumers"
    folder = home / "grants"
    folder.mkdir(parents=True, exist_ok=True)
    for name in read_grants(settings):
        key = home / f"{name}.pem"
        public = public_key_of(key) if key.exists() else make_key(key)
        declared = yaml.safe_load((settings.grants / f"{name}.yml").read_text(encoding="utf-8"))
        declared["public_key"] = declared.get("public_key") or public
        written = yaml.safe_dump(declared, allow_unicode=True, sort_keys=False)
        (folder / f"{name}.yml").write_text(written, encoding="utf-8")
    return folder


def _somebody(settings: Settings) -> dict[str, str]:
    """A person who can be verified; one with a firm and a licence, if there is one."""
    engine = connect(settings)
    try:
        with engine.connect() as connection:
            row = connection.execute(_SOMEBODY).mappings().first()
    finally:
        engine.dispose()
    if row is None:
        raise TableMissing("base.person", None, "Run `baselib run` first.")
    return {name: str(value) for name, value in row.items()}


def _horizon(settings: Settings) -> int:
    engine = connect(settings)
    try:
        with engine.connect() as connection:
            begun = text("SELECT publication FROM serve.horizon WHERE library = 'legal_entity'")
            return int(connection.execute(begun).scalar_one())
    finally:
        engine.dispose()


@contextmanager
def _service(settings: Settings) -> Iterator[str]:
    """The service as a process of its own, on a free port, for as long as the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    database = (
        settings.database_url
    )  # as this process was given it, be it by the environment or not
    given = {"BASELIB_DATABASE_URL": database.get_secret_value()} if database else {}
    verb = ["serve", "--port", str(port), "--home", str(settings.home)]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "pipelines", *verb],
        env=without_secrets() | given,
        stdin=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url, process)
        yield url
    finally:
        process.terminate()
        process.wait()


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{url}/healthz").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise SystemFault("start baselib serve", "it does not answer", "Run it to see why.")
