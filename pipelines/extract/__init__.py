"""Fetch what departments deliver, and turn it into the raw layer: every column as text."""

from pipelines.extract.delivery import (
    Delivery,
    fingerprint_delivery,
    keep_files,
    land_delivery,
    read_sample,
    require_whole_delivery,
)

__all__ = [
    "Delivery",
    "fingerprint_delivery",
    "keep_files",
    "land_delivery",
    "read_sample",
    "require_whole_delivery",
]
