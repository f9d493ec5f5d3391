"""What a contract may refer to: data elements, libraries, the home folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.libraries import Library
from pipelines.standards.elements import DataElement


@dataclass(frozen=True)
class References:
    """The declarations that a contract is checked against."""

    elements: Mapping[str, DataElement]
    libraries: Mapping[str, Library]
    home: Path
