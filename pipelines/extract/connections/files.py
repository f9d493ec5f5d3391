"""Find a department's files for a batch, and copy them byte for byte."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from io import BufferedReader
from pathlib import Path

from pipelines.contracts.source import Source
from pipelines.errors import DeliveryMissing, UnreadableDelivery
from pipelines.extract.file_names import known_name, known_names

_BLOCK = 1 << 22  # bytes that are copied at once


def marker_of(source: Source, batch: str, file: Path) -> Path | None:
    """The marker that says that a file is whole; several files may share one."""
    if source.server.marker is None:
        return None
    name = source.server.marker.replace("{batch}", batch)
    return file.parent / name.replace("{file}", file.name).replace("{stem}", file.stem)


def find_files(source: Source, batch: str) -> Sequence[Path]:
    """The delivered files of a batch, by name.

    Raises:
        DeliveryMissing: there is none.
        UnreadableDelivery: two in different folders have one name, or one is a link.
    """
    pattern = Path(source.server.location.replace("{batch}", batch))
    if pattern.is_file():
        _refuse_links(source, pattern, [pattern])
        return [pattern]
    anchor = Path(pattern.anchor)
    found = sorted(anchor.glob(str(pattern.relative_to(anchor))), key=lambda file: file.name)
    # A leading dot or ~$ is what copying programs and Excel leave behind while they work.
    files = [file for file in found if file.is_file() and not file.name.startswith((".", "~$"))]
    markers = {marker_of(source, batch, file) for file in files}
    files = [file for file in files if file not in markers]
    if not files:
        raise DeliveryMissing(source.name, batch, str(pattern))
    _refuse_links(source, pattern, files)
    names = [file.name for file in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnreadableDelivery(
            source.name, known_name(twice[0]),
            "Two delivered files in different folders have this name.",
            "Narrow the path in the contract, or ask for different names.",
        )  # fmt: skip
    return files


def _refuse_links(source: Source, pattern: Path, files: Sequence[Path]) -> None:
    """Refuse what leads elsewhere: whoever may write into the folder must not choose what we read.

    The folders that the contract names are the site's, and may be links; a file, and a folder that
    a wildcard stands for, are the department's.
    """
    wild = (n for n, part in enumerate(pattern.parts) if set(part) & set("*?["))
    own = min(next(wild, len(pattern.parts)), len(pattern.parts) - 1)
    for file in files:
        below = range(own + 1, len(file.parts) + 1)
        if any(Path(*file.parts[:length]).is_symlink() for length in below):
            raise UnreadableDelivery(
                source.name, known_name(file.name),
                "It is a link, or lies in a folder that is one.",
                "Deliver the file itself, or name in the contract where it lies.",
            )  # fmt: skip


def _open(file: Path) -> BufferedReader:
    """Open a delivered file, but no link that has taken its place meanwhile."""
    return open(file, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NOFOLLOW))


def copy_files(files: Sequence[Path], folder: Path) -> None:
    """Copy files into ``folder`` under the names by which they are known from then on."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, name in known_names(files).items():
        with _open(file) as delivered, (folder / name).open("wb") as copy:
            shutil.copyfileobj(delivered, copy, _BLOCK)


def fingerprint(files: Sequence[Path]) -> str:
    """SHA-256 of what was delivered: the files' contents in order of their names."""
    digest = hashlib.sha256()
    for file in known_names(files):
        with _open(file) as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
