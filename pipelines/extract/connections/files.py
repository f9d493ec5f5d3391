"""Find a department's files for a batch, and copy them byte for byte."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from pipelines.contracts.source import Source
from pipelines.errors import DeliveryMissing, UnreadableDelivery


def find_files(source: Source, batch: str) -> Sequence[Path]:
    """The delivered files of a batch, by name.

    Raises:
        DeliveryMissing: there is none.
        UnreadableDelivery: two in different folders have one name.
    """
    pattern = Path(source.server.location.replace("{batch}", batch))
    if pattern.is_file():
        return [pattern]
    anchor = Path(pattern.anchor)
    found = sorted(anchor.glob(str(pattern.relative_to(anchor))), key=lambda file: file.name)
    # A leading dot or ~$ is what copying programs and Excel leave behind while they work.
    files = [file for file in found if file.is_file() and not file.name.startswith((".", "~$"))]
    if not files:
        raise DeliveryMissing(source.name, batch, str(pattern))
    names = [file.name for file in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnreadableDelivery(
            source.name, twice[0], "Two delivered files in different folders have this name.",
            "Narrow the path in the contract, or ask for different names.",
        )  # fmt: skip
    return files


def copy_files(files: Sequence[Path], folder: Path) -> None:
    """Copy files into ``folder`` under their own names."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copyfile(file, folder / file.name)


def fingerprint(files: Sequence[Path]) -> str:
    """SHA-256 of what was delivered: the files' contents in order of their names."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.name):
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
