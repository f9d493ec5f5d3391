"""Bounds on what a delivery may make of memory and disk; each is a setting, each has a message."""

from dataclasses import dataclass

from pipelines.settings import Settings


@dataclass(frozen=True)
class Limits:
    """How much one delivery may be; what exceeds it stops its batch with the setting's name."""

    unpacked_bytes: int = 20 << 30
    packed_files: int = 1_000
    packed_depth: int = 3
    merged_cells: int = 1_000_000
    page_bytes: int = 64 << 20
    pages: int = 100_000
    reader_memory: int = 4 << 30
    statement_seconds: int = 3_600


STANDARD = Limits()


def limits_of(settings: Settings) -> Limits:
    """The bounds that the settings say."""
    return Limits(
        unpacked_bytes=settings.size_of("unpacked_limit"),
        packed_files=settings.packed_files,
        packed_depth=settings.packed_depth,
        merged_cells=settings.merged_cells,
        page_bytes=settings.size_of("page_limit"),
        pages=settings.pages,
        reader_memory=settings.size_of("reader_memory"),
        statement_seconds=settings.statement_timeout,
    )
