"""The chain of seals over the audit log. Needs the standard library alone, so that it goes with the
evidence: `python3 verify.py FOLDER` checks a bundle on any machine.

A seal covers all events that were committed and not sealed before: those from ``first`` to ``last``
except ``missing`` (transactions that were not committed yet, or never), and ``late`` ones, which an
earlier seal had missed. Its leaves are the SHA-256 of each event, its root is their Merkle tree
(RFC 6962), its hash covers the hash of the seal before.
"""

import hashlib
import hmac
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FIELDS = (
    *("seq", "at", "operation", "grant_name", "actor", "case_no", "request", "library"),
    *("subjects", "columns", "rows", "outcome", "login"),
)
DIGEST = 32  # bytes


def leaf(event: Mapping[str, Any]) -> bytes:
    """The digest of an event: its fields in order, as JSON without blanks."""
    fields = [event[name] for name in FIELDS]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(b"\0" + text.encode()).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over the leaves; of none it is the digest of nothing."""
    level = list(leaves) or [hashlib.sha256(b"").digest()]
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\1" + a + b).digest()
            for a, b in zip(level[::2], level[1::2], strict=False)
        ]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def seal_hash(seal: Mapping[str, Any]) -> bytes:
    """The hash of a seal: what it covers, its root, and the seal before it."""
    fields = [
        seal["no"],
        seal["first_seq"],
        seal["last_seq"],
        list(seal["missing"]),
        list(seal["late"]),
        seal["root"].hex(),
        seal["prev_hash"].hex(),
        seal["sealed_at"],
    ]
    return hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode()).digest()


def covered(seal: Mapping[str, Any]) -> list[int]:
    """The numbers of the events that a seal covers, in order."""
    missing = set(seal["missing"])
    own = (n for n in range(seal["first_seq"], seal["last_seq"] + 1) if n not in missing)
    return sorted([*own, *seal["late"]])


def check_seal(
    seal: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    events: Mapping[int, Any],
    keys: Mapping[int, bytes] | None = None,
) -> Iterator[str]:
    """What is wrong with one seal and the events that it covers; the first bad row comes first."""
    name = f"seal {seal['no']}"
    wanted = covered(seal)
    leaves = [seal["leaves"][i : i + DIGEST] for i in range(0, len(seal["leaves"]), DIGEST)]
    if len(wanted) != len(leaves):
        yield f"{name}: covers {len(wanted)} events and has {len(leaves)} leaves"
    for number, expected in zip(wanted, leaves, strict=False):
        if number not in events:
            yield f"{name}: event {number} was deleted"
        elif leaf(events[number]) != expected:
            yield f"{name}: event {number} was altered"
    if merkle_root(leaves) != seal["root"]:
        yield f"{name}: its leaves were altered"
    if seal_hash(seal) != seal["hash"]:
        yield f"{name}: it was altered"
    if keys is not None and not _is_made_with(keys, seal):
        yield f"{name}: it was not made with the site's key"
    expected_no, expected_prev = (
        (before["no"] + 1, before["hash"]) if before else (1, bytes(DIGEST))
    )
    if seal["no"] != expected_no:
        yield f"{name}: seal {expected_no} is missing before it"
    elif seal["prev_hash"] != expected_prev:
        yield f"{name}: it does not follow the seal before it"


def _is_made_with(keys: Mapping[int, bytes], seal: Mapping[str, Any]) -> bool:
    """Whether the seal's MAC is by the key of the version that it names."""
    key = keys.get(seal["key_version"])
    if key is None:
        return False
    made = hmac.new(key, seal["hash"], hashlib.sha256).digest()
    return hmac.compare_digest(made, seal["mac"])


def check_chain(
    seals: Iterable[Mapping[str, Any]],
    events: Mapping[int, Any],
    keys: Mapping[int, bytes] | None = None,
) -> list[str]:
    """Everything that is wrong with seals and events; empty if nothing was changed since."""
    findings: list[str] = []
    before: Mapping[str, Any] | None = None
    sealed: set[int] = set()
    open_gaps: set[int] = set()
    for seal in seals:
        findings += check_seal(seal, before, events, keys)
        sealed |= set(covered(seal))
        open_gaps = (open_gaps | set(seal["missing"])) - set(seal["late"])
        before = seal
    last = before["last_seq"] if before else 0
    inserted = [n for n in sorted(events) if n <= last and n not in sealed and n not in open_gaps]
    return findings + [f"event {number} was inserted" for number in inserted]


def as_seal(row: Mapping[str, Any]) -> dict[str, Any]:
    """A seal as it stands in a bundle: digests as hexadecimal text."""
    binary = ("leaves", "root", "prev_hash", "hash", "mac")
    return {k: bytes.fromhex(v) if k in binary else v for k, v in row.items()}


def check_bundle(folder: Path) -> list[str]:
    """Everything that is wrong with a bundle of evidence."""
    read = (folder / "seals.jsonl").read_text(encoding="utf-8").splitlines()
    seals = [as_seal(json.loads(line)) for line in read]
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = {event["seq"]: event for event in map(json.loads, lines)}
    return check_chain(seals, events)


def main() -> int:
    """Check the bundle in the folder given, and say the last seal's hash, to be compared."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    findings = check_bundle(folder)
    lines = (folder / "seals.jsonl").read_text(encoding="utf-8").splitlines()
    last = json.loads(lines[-1])["hash"] if lines else "none"
    sys.stdout.write("".join(f"{finding}\n" for finding in findings))
    sys.stdout.write(
        f"{len(lines)} seals, {len(findings)} findings; hash of the last seal: {last}\n"
    )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
