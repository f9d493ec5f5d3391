"""The scoring model: thresholds, name frequencies, m and u probabilities; and the model's digest.

``models/<entity>.json``, beside the library's declaration or in this package, is a reviewed file:
``provenance`` (what it was trained on and how much of it), ``thresholds``, ``frequencies`` (of
surnames and given-name characters) and ``splink``, Splink settings with m and u of every level. It
changes only by ``baselib identity train`` and a review.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.errors import DeclarationRefused
from pipelines.identity.scores.comparisons import COMPARISONS
from pipelines.libraries import Library

MODELS = Path(__file__).parent / "models"


@dataclass(frozen=True)
class Model:
    """Thresholds are probabilities: ``match_threshold`` links, ``review_threshold`` asks."""

    splink: Mapping[str, object]
    frequencies: Mapping[str, float]
    match_threshold: float
    review_threshold: float
    provenance: Mapping[str, object]


def model_file(library: Library) -> Path:
    """Where the library's model is: in ``models`` beside its declaration, else in this package."""
    name = f"{library.entity}.json"
    beside = library.file.parent / "models" / name
    return beside if beside.exists() else MODELS / name


def load_model(library: Library) -> Model | None:
    """The reviewed model of a library; None if it declares no scores, and nothing is scored.

    Raises:
        DeclarationRefused: it declares scores and has no model, or one that cannot be used.
    """
    if not library.identity.scores.comparisons:
        return None
    file = model_file(library)
    if not file.exists():
        wanted = library.file.parent / "models" / file.name
        raise DeclarationRefused(
            library.file, "identity.scores", f"has no model of scores: {wanted} is not there.",
            f"Train one (baselib identity train {library.name}), review it and put it there; "
            "or leave scores out until then.",
        )  # fmt: skip
    return _model_of(file, library.entity, tuple(library.identity.scores.comparisons))


def read_model(file: Path, library: Library) -> Model:
    """A model that was trained for a library, from its file.

    Raises:
        DeclarationRefused: it is no model, or its comparisons are not those of this library.
    """
    return _read(file, library.entity, library.identity.scores.comparisons)


@cache
def _model_of(file: Path, entity: str, comparisons: tuple[str, ...]) -> Model:
    return _read(file, entity, comparisons)


def _read(file: Path, entity: str, comparisons: Sequence[str]) -> Model:
    try:
        result = json.loads(file.read_text(encoding="utf-8"))
        model = Model(
            splink=result["splink"],
            frequencies=result["frequencies"],
            match_threshold=result["thresholds"]["link_at"],
            review_threshold=result["thresholds"]["ask_at"],
            provenance=result["provenance"],
        )
        levels = _levels(model)
    except (OSError, ValueError, KeyError, TypeError) as unreadable:
        raise DeclarationRefused(
            file, "model", "is no model of scores.", "Make one with baselib identity train."
        ) from unreadable
    if levels != {name: list(COMPARISONS[name].levels) for name in comparisons}:
        raise DeclarationRefused(
            file, "splink.comparisons", f"are not those by which a {entity} is compared.",
            "Train it again: baselib identity train.",
        )  # fmt: skip
    return model


def _levels(model: Model) -> Mapping[str, list[str]]:
    """Comparison to the names of its levels, best first, without the unknown one."""
    comparisons: Any = model.splink["comparisons"]
    return {
        each["output_column_name"]: [
            level["label_for_charts"]
            for level in each["comparison_levels"]
            if not level.get("is_null_level")
        ]
        for each in comparisons
    }


@cache
def _digest(files: tuple[Path, ...]) -> str:
    content = b"\x1f".join(file.read_bytes() for file in files if file.exists())
    return sha256(content).hexdigest()[:12]


def model_digest(library: Library) -> str:
    """12 hex digits that change when the declaration or the model of the library does."""
    return _digest((library.file, model_file(library)))
