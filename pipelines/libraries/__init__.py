"""The base libraries: golden columns, authority and matching, declared in one file each."""

from pipelines.libraries.declaration import (
    Contradiction,
    GoldenColumn,
    Identity,
    Library,
    Link,
    Pass,
    Scores,
)
from pipelines.libraries.load import (
    libraries_in_order,
    libraries_linking_to,
    load_libraries,
    load_library,
    rules_of_library,
)

__all__ = [
    "Contradiction",
    "GoldenColumn",
    "Identity",
    "Library",
    "Link",
    "Pass",
    "Scores",
    "libraries_in_order",
    "libraries_linking_to",
    "load_libraries",
    "load_library",
    "rules_of_library",
]
