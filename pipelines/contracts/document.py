"""Parse a contract: YAML text to an Open Data Contract Standard 3.2 document, or to its faults.

The official package refuses unknown keys at the top level only and ignores the others, so that a
misspelt ``physcialName`` would be lost without a word; here every level is checked against the
package's own models.
"""

import re
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from open_data_contract_standard.model import OpenDataContractStandard
from pydantic import BaseModel, ValidationError

from pipelines.contracts.faults import Faults, suggestion
from pipelines.contracts.yaml_text import Unreadable, parse_yaml

API_VERSION = re.compile(r"v3\.\d+\.\d+")


def read_document(text: str, faults: Faults) -> OpenDataContractStandard | None:
    """Parse one contract; ``None`` where it cannot be parsed, with the reasons in ``faults``."""
    raw = _parse(text, faults)
    if raw is None:
        return None
    for where, key, allowed in _unknown_keys(raw, OpenDataContractStandard, ""):
        faults.add(where, key, "ODCS 3.2 has no such key here.", suggestion(key, allowed))
    allowed_only = {
        key: value for key, value in raw.items() if key in _keys(OpenDataContractStandard)
    }
    try:
        document = OpenDataContractStandard.model_validate(allowed_only)
    except ValidationError as refused:
        for error in refused.errors():
            where = _path(error["loc"])
            faults.add(
                where, error.get("input"), f"{error['msg']}.", "Correct it as ODCS 3.2 says."
            )
        return None
    _check_head(document, faults)
    return document


def _parse(text: str, faults: Faults) -> dict[str, Any] | None:
    try:
        raw = parse_yaml(text)
    except Unreadable as unreadable:
        faults.add(unreadable.where, None, unreadable.problem, unreadable.remedy)
        return None
    if not isinstance(raw, dict):
        faults.add(
            "the document",
            None,
            "This is not a data contract.",
            "Start from a skeleton: baselib sources new SAMPLE.",
        )
        return None
    return raw


def _check_head(document: OpenDataContractStandard, faults: Faults) -> None:
    if document.kind != "DataContract":
        faults.add("kind", document.kind, "This must say what it is.", "Write kind: DataContract.")
    if not API_VERSION.fullmatch(document.apiVersion or ""):
        faults.add("apiVersion", document.apiVersion, "ODCS 3 is read here.", "Write v3.2.0.")
    if document.id != faults.file.stem:
        faults.add(
            "id",
            document.id,
            "The id differs from the file's name, which is the source's name everywhere.",
            f"Write id: {faults.file.stem}, or rename the file.",
        )
    for field in ("version", "status"):
        if not getattr(document, field):
            faults.add(
                field,
                None,
                "It is missing, and ODCS requires it.",
                f"Write {field}: {'1.0.0' if field == 'version' else 'active'}.",
            )


def _unknown_keys(
    value: object, annotation: object, where: str
) -> Iterator[tuple[str, str, list[str]]]:
    """Path, key and allowed keys, for each key of ``value`` that the models do not have."""
    if isinstance(value, list):
        item = _first(annotation, list)
        for index, each in enumerate(value):
            yield from _unknown_keys(each, get_args(item)[0] if item else None, f"{where}[{index}]")
    model = _first(annotation, dict) if isinstance(value, dict) else None
    if model is not None and isinstance(value, dict):
        fields = _keys(model)
        for key, inner in value.items():
            path = f"{where}.{key}" if where else str(key)
            if key not in fields:
                yield path, str(key), list(fields)
            else:
                yield from _unknown_keys(inner, fields[key], path)


def _keys(model: Any) -> Mapping[str, object]:
    """Key as written in YAML to the annotation of its field."""
    return {f.alias or name: f.annotation for name, f in model.model_fields.items()}


def _first(annotation: object, kind: type) -> Any:
    """The alternative of ``annotation`` that a list, or a mapping, is read as."""
    options = (
        get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    )
    for option in options:
        if option is NoneType:
            continue
        if kind is list and get_origin(option) is list:
            return option
        if kind is dict and isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return None


def _path(location: tuple[int | str, ...]) -> str:
    """Pydantic's location as ``schema[0].properties[2].name``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).lstrip(".")
