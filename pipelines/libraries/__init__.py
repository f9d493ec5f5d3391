"""The base libraries: golden columns, authority and matching, declared in one file each."""

from pipelines.libraries.declaration import (
    GoldenColumn,
    Identity,
    Library,
    Link,
    Pass,
    load_libraries,
    load_library,
)

__all__ = [
    "GoldenColumn",
    "Identity",
    "Library",
    "Link",
    "Pass",
    "load_libraries",
    "load_library",
]
