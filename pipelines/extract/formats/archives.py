"""Archives: every file in a zip or tar, also within others, as a file of its own; in bounds.

What an archive says of itself is not believed: bytes are counted as they are unpacked, into files
whose names are ours, so that no name leads out of the folder. Names of a zip are UTF-8 where it
says so, else what decodes: UTF-8, then GB18030, which Chinese Windows writes.
"""

import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.recognise import recognise
from pipelines.extract.limits import Limits

ARCHIVES = frozenset({"zip", "tar"})
_BLOCK = 1 << 20
_LONGEST_NAME = 200  # bytes; file systems have 255
_UTF8_NAME = 0x800  # bit 11 of a zip's flags
_LOCKED = 0x1
_LEFT_BEHIND = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass
class _Unpacked:
    """What has been unpacked of a delivery so far."""

    files: int = 0
    bytes: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1 << 60)))


@dataclass(frozen=True)
class Member:
    """A file that was unpacked, and its name: ``a.zip/inner.csv``."""

    name: str
    file: Path


def unpack(source: Source, file: Path, folder: Path, limits: Limits) -> Iterator[Member]:
    """The files of an archive, in order of their names, one after the other on disk.

    Raises:
        UnreadableDelivery: it is damaged, locked, empty, or exceeds a bound.
    """
    unpacked = _Unpacked()
    found = False
    for member in _members(source, Member(file.name, file), folder, limits, unpacked, 1):
        found = True
        yield member
    if not found:
        raise _refused(source, file.name, "It holds no file.", "Ask for it to be sent again.")


def _members(
    source: Source,
    archive: Member,
    folder: Path,
    limits: Limits,
    unpacked: _Unpacked,
    depth: int,
) -> Iterator[Member]:
    try:
        for name, stream in _streams(source, archive):
            path = _place(folder, name, next(unpacked.numbers))
            _copy(source, archive.name, stream, path, limits, unpacked)
            member = Member(f"{archive.name}/{name}", path)
            if recognise(path) not in ARCHIVES:
                yield member
            elif depth < limits.packed_depth:
                yield from _members(source, member, folder, limits, unpacked, depth + 1)
            else:
                raise _refused(
                    source, member.name,
                    f"Archives lie {depth + 1} deep in one another; {limits.packed_depth} are "
                    "opened.", "Ask for fewer, or raise BASELIB_PACKED_DEPTH.",
                )  # fmt: skip
            path.unlink(missing_ok=True)
    except (BadZipFile, tarfile.TarError, EOFError, OSError, zlib.error, NotImplementedError,
            RuntimeError) as wrong:  # fmt: skip
        raise _refused(
            source, archive.name, f"The archive is damaged or of an unknown kind "
            f"({type(wrong).__name__}).", "Ask for it to be packed again, as .zip or .tar.gz.",
        ) from None  # fmt: skip


def _streams(source: Source, archive: Member) -> Iterator[tuple[str, IO[bytes]]]:
    if recognise(archive.file) == "zip":
        with ZipFile(archive.file) as opened:
            for name, info in sorted((_name_of(i), i) for i in opened.infolist()):
                if info.flag_bits & _LOCKED:
                    raise _refused(
                        source, archive.name, "It is locked with a password.",
                        "Ask for an archive without a password.",
                    )  # fmt: skip
                if not info.is_dir() and _is_delivered(name):
                    with opened.open(info) as stream:
                        yield name, stream
        return
    with tarfile.open(archive.file) as opened_tar:
        for entry in opened_tar:  # as it comes: a tar has no list of what is in it
            content = opened_tar.extractfile(entry) if entry.isfile() else None
            if content is not None and _is_delivered(entry.name):
                yield entry.name, content


def _name_of(info: ZipInfo) -> str:
    if info.flag_bits & _UTF8_NAME:
        return info.filename
    written = info.filename.encode("cp437")
    for encoding in ("utf-8", "gb18030"):
        try:
            return written.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _place(folder: Path, name: str, number: int) -> Path:
    """A path of its own for a member; it keeps the name's last part, for messages."""
    last = PurePosixPath(name.replace("\\", "/")).name.replace("\0", "")
    own = folder / str(number)
    own.mkdir()
    return own / (last.encode()[:_LONGEST_NAME].decode(errors="ignore") or "file")


def _is_delivered(name: str) -> bool:
    """A leading dot or ~$ is what copying programs and Excel leave behind."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return not last.startswith((".", "~$")) and not any(left in name for left in _LEFT_BEHIND)


def _copy(
    source: Source, name: str, stream: IO[bytes], path: Path, limits: Limits, unpacked: _Unpacked
) -> None:
    unpacked.files += 1
    if unpacked.files > limits.packed_files:
        raise _refused(
            source, name, f"It holds more than {limits.packed_files:,} files.",
            "Ask for fewer, or raise BASELIB_PACKED_FILES.",
        )  # fmt: skip
    with path.open("wb") as target:
        while block := stream.read(_BLOCK):
            unpacked.bytes += len(block)
            if unpacked.bytes > limits.unpacked_bytes:
                raise _refused(
                    source, name,
                    f"It unpacks to more than {limits.unpacked_bytes / (1 << 30):g} GiB.",
                    "Ask for smaller deliveries, or raise BASELIB_UNPACKED_LIMIT.",
                )  # fmt: skip
            target.write(block)


def _refused(source: Source, file: str, problem: str, remedy: str) -> UnreadableDelivery:
    return UnreadableDelivery(source.name, file, problem, remedy)
