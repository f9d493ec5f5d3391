"""The model of the score, and one name for all that a library is matched by today.

``models/<entity>.json`` is a reviewed file: ``provenance`` (what it was trained on and how much of
it), ``thresholds``, ``frequencies`` (of surnames and given-name characters) and ``splink``, Splink
settings with m and u of every level. It changes only by ``baselib identity train`` and a review.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from pipelines.libraries import Library
from pipelines.libraries.declaration import LIBRARIES_DIR

MODELS = Path(__file__).parent / "models"


@dataclass(frozen=True)
class Model:
    """``link_at`` and above is a link, ``ask_at`` and above a question (probabilities)."""

    splink: Mapping[str, object]
    frequencies: Mapping[str, float]
    link_at: float
    ask_at: float
    provenance: Mapping[str, object]


@cache
def load_model(entity: str, folder: Path = MODELS) -> Model | None:
    """The reviewed model of an entity; None where there is none, and nothing is scored."""
    file = folder / f"{entity}.json"
    if not file.exists():
        return None
    told = json.loads(file.read_text(encoding="utf-8"))
    return Model(
        splink=told["splink"],
        frequencies=told["frequencies"],
        link_at=told["thresholds"]["link_at"],
        ask_at=told["thresholds"]["ask_at"],
        provenance=told["provenance"],
    )


@cache
def _digest(files: tuple[Path, ...]) -> str:
    content = b"\x1f".join(file.read_bytes() for file in files if file.exists())
    return sha256(content).hexdigest()[:12]


def model_digest(library: Library) -> str:
    """12 hex digits that change when the declaration or the model of the library does."""
    return _digest((LIBRARIES_DIR / f"{library.name}.yml", MODELS / f"{library.entity}.json"))
