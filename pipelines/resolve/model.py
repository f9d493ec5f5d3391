"""By what a library is matched today: one name for declaration and trained parameters together."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from pipelines.libraries import Library
from pipelines.libraries.declaration import LIBRARIES_DIR

MODELS = Path(__file__).parent / "models"


@cache
def _digest(files: tuple[Path, ...]) -> str:
    content = b"\x1f".join(file.read_bytes() for file in files if file.exists())
    return sha256(content).hexdigest()[:12]


def model_digest(library: Library) -> str:
    """12 hex digits that change when the declaration or the model of the library does."""
    return _digest((LIBRARIES_DIR / f"{library.name}.yml", MODELS / f"{library.entity}.json"))
