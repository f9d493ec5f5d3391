"""T5: who alters, deletes, inserts or exchanges an event or a seal is found, and it is named."""

import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.serve.audit import chain
from pipelines.serve.audit.seal import _make_seal

KEY = b"k" * 32
KEYS = {1: KEY}
START = datetime(2026, 7, 1, tzinfo=UTC)


def event(seq: int, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = dict.fromkeys(chain.FIELDS, "x") | {
        "seq": seq, "rows": 1, "subjects": ["s"], "columns": [], "at": START.isoformat(),
    }  # fmt: skip
    return fields | changes


def sealed(groups: list[list[int]]) -> tuple[list[dict[str, Any]], dict[int, dict[str, Any]]]:
    """Seals over events that became visible group by group."""
    seals: list[dict[str, Any]] = []
    events: dict[int, dict[str, Any]] = {}
    gaps: set[int] = set()
    for number, group in enumerate(groups):
        seen = {n: event(n) for n in group}
        events |= seen
        seal = _make_seal(seen, seals[-1] if seals else None, gaps, START + timedelta(number), 1)
        seal["mac"] = hmac.new(KEY, seal["hash"], hashlib.sha256).digest()
        gaps = (gaps | set(seal["missing"])) - set(seal["late"])
        seals.append(seal)
    return seals, events


# 3 and 7 are committed late, 5 was rolled back
GROUPS = [[1, 2, 4], [6, 3], [], [8, 9, 7]]


def test_what_is_sealed_is_whole_whatever_came_late_or_never():
    seals, events = sealed(GROUPS)
    assert [chain.covered(seal) for seal in seals] == [[1, 2, 4], [3, 6], [], [7, 8, 9]]
    assert chain.check_chain(seals, events, KEYS) == []
    assert chain.check_chain(seals, events | {10: event(10)}, KEYS) == []  # not sealed yet


@pytest.mark.parametrize("seq", [1, 2, 3, 4, 6, 7, 8, 9])
@pytest.mark.parametrize("field", ["actor", "rows", "at", "outcome", "subjects"])
def test_an_altered_event_is_named(seq: int, field: str):
    seals, events = sealed(GROUPS)
    value = {"rows": 2, "subjects": []}.get(field, "another")
    findings = chain.check_chain(seals, events | {seq: event(seq, **{field: value})}, KEYS)
    assert [f"event {seq} was altered" in one for one in findings] == [True]


def test_deleted_inserted_and_exchanged_events_are_named():
    seals, events = sealed(GROUPS)
    gone = {n: e for n, e in events.items() if n != 6}
    assert "event 6 was deleted" in chain.check_chain(seals, gone, KEYS)[0]
    swapped = events | {1: events[2] | {"seq": 1}, 2: event(2, actor="y")}
    assert "event 2 was altered" in chain.check_chain(seals, swapped, KEYS)[0]
    again, more = sealed([[1, 2], [3]])
    assert chain.check_chain(again, more | {0: event(0)}, KEYS) == ["event 0 was inserted"]


@pytest.mark.parametrize("place", range(4))
def test_a_seal_that_was_touched_is_named(place: int):
    seals, events = sealed(GROUPS)
    without = [seal for n, seal in enumerate(seals) if n != place]
    found = chain.check_chain(without, events, KEYS)
    assert found or place == 3  # the last one is missed by what was shipped
    for field in ("root", "prev_hash", "hash", "mac"):
        bad = [dict(seal) for seal in seals]
        bad[place][field] = bytes(32)
        if bad[place] != seals[place]:
            assert f"seal {place + 1}" in chain.check_chain(bad, events, KEYS)[0], field
    turned = [*seals]
    turned[place], turned[place - 1] = turned[place - 1], turned[place]
    assert chain.check_chain(turned, events, KEYS)


def test_a_chain_made_anew_without_the_key_is_found_out():
    _, events = sealed(GROUPS)
    forged, _ = sealed([sorted(events)])
    forged[0]["mac"] = hmac.new(b"guess", forged[0]["hash"], hashlib.sha256).digest()
    assert "site's key" in chain.check_chain(forged, events, KEYS)[0]


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(1, 13)), st.lists(st.integers(0, 12), max_size=4))
def test_any_order_of_commits_is_covered_once(order: list[int], cuts: list[int]):
    edges = sorted({0, 12, *cuts})
    groups = [sorted(order[a:b]) for a, b in pairwise(edges)]
    seals, events = sealed(groups)
    covered = [number for seal in seals for number in chain.covered(seal)]
    assert sorted(covered) == sorted(events)
    assert chain.check_chain(seals, events, KEYS) == []


def test_the_verifier_of_a_bundle_needs_the_standard_library_alone(tmp_path: Path):
    seals, events = sealed(GROUPS)
    (tmp_path / "verify.py").write_text(Path(chain.__file__).read_text(encoding="utf-8"))

    def line(seal: Mapping[str, Any]) -> str:
        return json.dumps({k: v.hex() if isinstance(v, bytes) else v for k, v in seal.items()})

    (tmp_path / "seals.jsonl").write_text("\n".join(map(line, seals)))
    for events_there, code, words in (
        (events, 0, "4 seals, 0 findings"),
        (events | {6: event(6, rows=0)}, 1, "event 6 was altered"),
    ):
        text = "\n".join(json.dumps(e) for e in events_there.values())
        (tmp_path / "events.jsonl").write_text(text)
        command = [sys.executable, "-I", "-S", "verify.py", "."]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert words in done.stdout
