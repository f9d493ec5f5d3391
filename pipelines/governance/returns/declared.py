"""Declaration of what is returned to whom: ``governance/returns.yml``."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import ConfigDict

from pipelines.errors import DeclarationRefused
from pipelines.libraries import Library
from pipelines.standards.declared import build, read_yaml

FILE_NAME = "returns.yml"
_STRICT = ConfigDict(extra="forbid")
_SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")  # OID 1.2.156.10197.1.301
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_BEGINNING = re.compile(r"\d{2,12}")


@dataclass(frozen=True)
class Returned:
    """What one library returns: the column that says whose it is, and the columns returned."""

    __pydantic_config__ = _STRICT

    region_column: str
    columns: Sequence[str]


@dataclass(frozen=True)
class Recipient:
    """A lower level: its regions by the beginning of their codes, its key, how it is protected."""

    __pydantic_config__ = _STRICT

    title: str
    regions: Sequence[str]
    basis: str
    approved_by: str
    valid_to: date
    public_key: str  # PEM, EC P-256
    libraries: Mapping[str, Returned]
    suite: Literal["aes", "sm"] = "aes"  # AES-256-GCM and SHA-256, or SM4-GCM and SM3
    assessment: str = ""  # number of the impact assessment
    name: str = ""
    file: Path = field(default=Path(), repr=False, compare=False)


def read_recipients(folder: Path, libraries: Mapping[str, Library]) -> Mapping[str, Recipient]:
    """The recipients of a site by short name; none where there is no file.

    Raises:
        DeclarationRefused: one cannot work.
    """
    file = folder / FILE_NAME
    if not file.exists():
        return {}
    recipients = {}
    for name, given in read_yaml(file).items():
        if not isinstance(given, dict):
            raise DeclarationRefused(file, name, "is no recipient.", "See docs/governance.md.")
        recipient: Recipient = build(Recipient, {**given, "name": name, "file": file}, file, name)
        _check(recipient, libraries)
        recipients[name] = recipient
    return recipients


def _check(recipient: Recipient, libraries: Mapping[str, Library]) -> None:
    def refuse(where: str, problem: str, remedy: str) -> None:
        raise DeclarationRefused(recipient.file, f"{recipient.name}.{where}", problem, remedy)

    if not _NAME.fullmatch(recipient.name):
        refuse("name", "is no plain name.", "Use a-z, 0-9 and _.")
    for each in recipient.regions or ("",):
        if not _BEGINNING.fullmatch(each):
            refuse("regions", f"{each!r} is no beginning of a region code.", "Write ['110101'].")
    for name in ("title", "basis", "approved_by"):
        if not getattr(recipient, name).strip():
            refuse(name, "is empty.", "Write it.")
    if is_sm2(recipient.public_key):
        refuse(
            "public_key",
            "is a key on the SM2 curve; the library that seals packages has no SM2.",
            "Give a key on P-256 (`baselib grants key` makes one); `suite: sm` has SM4 and SM3.",
        )
    if not is_p256(recipient.public_key):
        refuse("public_key", "is no public key on P-256 in PEM.", "`baselib grants key` makes one.")
    for name, returned in recipient.libraries.items():
        if name not in libraries:
            refuse(f"libraries.{name}", "is no library.", f"Name one of {', '.join(libraries)}.")
        known = libraries[name].columns
        for column in (returned.region_column, *returned.columns):
            if column not in known:
                refuse(f"libraries.{name}", f"{column!r} is no column.", ", ".join(known))
        if known[returned.region_column].element_name != "region_code":
            refuse(f"libraries.{name}", "region_column holds no region codes.", "Name another.")


def is_sm2(pem: str) -> bool:
    """Whether a text is a public key on the curve of SM2 (GB/T 32918), which nobody here reads."""
    lines = [line.strip() for line in pem.splitlines() if line and not line.startswith("-----")]
    try:
        return _SM2_CURVE in base64.b64decode("".join(lines))
    except ValueError:
        return False


def is_p256(pem: str) -> bool:
    """Whether a text is a public key that packages can be encrypted for."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
