"""回流: packages of a region out of published libraries, sent, acknowledged, sent again.

A package is a folder ``<home>/returns/<recipient>/<number>/`` with ``manifest.json``,
``manifest.sig``, ``content.bin`` and ``status.json``; its bytes never change, so that sending it
again sends the same. What stands in it is noted in the audit log by numbers.
"""

import io
import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import ibis
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from pipelines.errors import DeclarationRefused
from pipelines.flows.governance.catalogue import today_of
from pipelines.flows.shared.session import Session, open_session
from pipelines.governance.returns.declared import FILE_NAME, Recipient, read_recipients
from pipelines.governance.returns.package import (
    Package,
    PackageRefused,
    is_signed,
    open_package,
    seal_package,
    sign,
)
from pipelines.governance.tables import OutputTable
from pipelines.libraries import load_libraries
from pipelines.runtime.private_home import make_private
from pipelines.settings import Settings
from pipelines.warehouse import read_publications
from pipelines.warehouse.quality.audit_events import Event, note_event

_MANIFEST, _SIGNATURE, _CONTENT, _STATUS = (
    "manifest.json", "manifest.sig", "content.bin", "status.json",
)  # fmt: skip
_SITE_KEY, _SITE_PUBLIC = "returns.key", "returns.pub"
RECEIPT, RECEIPT_SIGNATURE = "receipt.json", "receipt.sig"


@dataclass(frozen=True)
class PackageStatus:
    """One package: how often it was sent, and when its receipt came."""

    recipient: str
    number: str
    made_on: str
    rows: Mapping[str, int]
    sent: int = 0
    sent_on: str = ""
    received_on: str = ""


def make_package(settings: Settings, name: str) -> Path:
    """Make the next package of a recipient; answers its folder.

    Raises:
        DeclarationRefused: there is no such recipient, or its term is over.
        TableMissing: nothing of a library is published.
    """
    recipient = _recipient(settings, name)
    today = today_of(settings)
    if today > recipient.valid_to:
        problem = f"ended on {recipient.valid_to}."
        raise DeclarationRefused(recipient.file, f"{name}.valid_to", problem, "Have it renewed.")
    make_private(settings.home)
    number = f"{len(packages(settings, name)) + 1:04d}"
    folder = settings.home / "returns" / name / number
    with open_session(settings) as session:
        tables = {each: _table(session, recipient, each) for each in recipient.libraries}
        rows = {each: table.num_rows for each, table in tables.items()}
        last = {each.library: each.run for each in read_publications(session.warehouse)}
        facts = {
            "id": f"{name}-{number}",
            "recipient": recipient.title,
            "regions": list(recipient.regions),
            "basis": recipient.basis,
            "approved_by": recipient.approved_by,
            "made_on": today.isoformat(),
            "files": {f"{each}.parquet": count for each, count in rows.items()},
            "runs": {each: last.get(each, "") for each in tables},
        }
        package = seal_package(
            _zipped(tables), facts, recipient.suite, recipient.public_key, _site_key(settings)
        )
        status = PackageStatus(name, number, today.isoformat(), rows)
        _write(folder, package, status)
        with session.warehouse.begin() as connection:
            event = Event("return", "ok", actor=f"recipient {name}", rows=sum(rows.values()))
            note_event(connection, event)
    return folder


def _table(session: Session, recipient: Recipient, library: str) -> Any:
    """The declared columns of the recipient's regions, by entity id."""
    returned = recipient.libraries[library]
    core = session.lake.read(session.con, f"core.{load_libraries()[library].entity}")
    region = core[returned.region_column].cast("string")
    mine = ibis.or_(*(region.startswith(each) for each in recipient.regions))
    columns = list(dict.fromkeys(("entity_id", returned.region_column, *returned.columns)))
    return session.con.to_pyarrow(core.filter(mine).select(columns).order_by("entity_id"))


def _zipped(tables: Mapping[str, Any]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, table in tables.items():
            part = io.BytesIO()
            pq.write_table(table, part, compression="zstd")
            archive.writestr(zipfile.ZipInfo(f"{name}.parquet"), part.getvalue())
    return stream.getvalue()


def _write(folder: Path, package: Package, status: PackageStatus) -> None:
    draft = folder.with_name(f".{folder.name}.{uuid4().hex}")
    draft.mkdir(parents=True)
    try:
        (draft / _MANIFEST).write_bytes(package.manifest)
        (draft / _SIGNATURE).write_bytes(package.signature)
        (draft / _CONTENT).write_bytes(package.content)
        _keep(draft, status)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def packages(settings: Settings, name: str | None = None) -> list[PackageStatus]:
    """The packages of one recipient or of all, oldest first."""
    pattern = f"{name or '*'}/[0-9]*/{_STATUS}"
    found = sorted((settings.home / "returns").glob(pattern))
    return [PackageStatus(**json.loads(each.read_text(encoding="utf-8"))) for each in found]


def send_packages(settings: Settings, to: Path) -> list[PackageStatus]:
    """Copy every package without a receipt into a folder that is fetched; the same bytes again.

    Answers what was sent. Repeated daily, it is the retry: a package stops being sent when its
    receipt has come.
    """
    sent = []
    for status in packages(settings):
        if status.received_on:
            continue
        folder = settings.home / "returns" / status.recipient / status.number
        target = to / f"{status.recipient}-{status.number}"
        target.mkdir(parents=True, exist_ok=True)
        for name in (_CONTENT, _SIGNATURE, _MANIFEST):  # the manifest last: then it is whole
            shutil.copyfile(folder / name, target / f".{name}")
            (target / f".{name}").replace(target / name)
        moved = replace(status, sent=status.sent + 1, sent_on=today_of(settings).isoformat())
        _keep(folder, moved)
        sent.append(moved)
    return sent


def take_receipt(settings: Settings, folder: Path) -> PackageStatus:
    """Note that a package arrived whole: its receipt is signed by the recipient.

    Raises:
        PackageRefused: the receipt is of no package of ours, of other content, or not signed.
    """
    text = (folder / RECEIPT).read_bytes()
    told = json.loads(text)
    mine = [e for e in packages(settings) if f"{e.recipient}-{e.number}" == told.get("id")]
    if not mine:
        raise PackageRefused("the receipt is of no package of ours.", "Look at its id.")
    (status,) = mine
    kept = settings.home / "returns" / status.recipient / status.number
    recipient = _recipient(settings, status.recipient)
    signature = (folder / RECEIPT_SIGNATURE).read_bytes()
    if not is_signed(text, signature, recipient.public_key):
        raise PackageRefused("the receipt is not signed by the recipient.", "Ask for it again.")
    if told.get("content_digest") != json.loads((kept / _MANIFEST).read_bytes())["content_digest"]:
        raise PackageRefused("the receipt is of other content.", "Send the package again.")
    done = replace(status, received_on=today_of(settings).isoformat())
    _keep(kept, done)
    return done


def unpack(folder: Path, site_public_key: Path, key: Path, to: Path) -> Mapping[str, Any]:
    """For the recipient: check, decrypt, write the files, and a signed receipt beside the package.

    Raises:
        PackageRefused: see ``open_package``.
    """
    package = Package(*((folder / name).read_bytes() for name in (_MANIFEST, _SIGNATURE, _CONTENT)))
    private = key.read_text(encoding="utf-8")
    plain = open_package(package, site_public_key.read_text(encoding="utf-8"), private)
    to.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        for name in package.told["files"]:  # names of the signed manifest, and no others
            (to / Path(name).name).write_bytes(archive.read(name))
    told = {"id": package.told["id"], "content_digest": package.told["content_digest"]}
    receipt = json.dumps(told, sort_keys=True).encode()
    (folder / RECEIPT).write_bytes(receipt)
    (folder / RECEIPT_SIGNATURE).write_bytes(sign(receipt, private))
    return package.told


def return_table(settings: Settings) -> OutputTable:
    """回流台账: a row per package."""
    recipients = read_recipients(settings.governance, load_libraries())
    return OutputTable(
        "数据回流台账",
        ("接收单位", "编号", "生成日期", "记录数", "发送次数", "最近发送", "签收日期"),
        [
            (
                recipients[e.recipient].title if e.recipient in recipients else e.recipient,
                e.number, e.made_on, sum(e.rows.values()), e.sent, e.sent_on,
                e.received_on or "未签收",
            )
            for e in packages(settings)
        ],
        "依据《政务数据共享条例》第二十四条；包内文件加密并签名，未签收的逐日重发。",
    )  # fmt: skip


def _recipient(settings: Settings, name: str) -> Recipient:
    recipients = read_recipients(settings.governance, load_libraries())
    if name not in recipients:
        file, known = settings.governance / FILE_NAME, ", ".join(recipients) or "none"
        raise DeclarationRefused(file, name, "is no recipient.", f"There are: {known}.")
    return recipients[name]


def _keep(folder: Path, status: PackageStatus) -> None:
    draft = folder / f".{_STATUS}"
    draft.write_text(json.dumps(asdict(status), ensure_ascii=False), encoding="utf-8")
    draft.replace(folder / _STATUS)


def _site_key(settings: Settings) -> str:
    """The site's private key; made once, its public half beside it for the recipients."""
    path = settings.home / _SITE_KEY
    if not path.exists():
        made = generate_private_key(SECP256R1())
        draft = settings.home / f".{_SITE_KEY}.{uuid4().hex}"
        draft.touch(mode=0o600)
        draft.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        draft.replace(path)
    private = path.read_text(encoding="utf-8")
    public = load_pem_private_key(private.encode(), None).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (settings.home / _SITE_PUBLIC).write_bytes(pem)
    return private
