"""The catalogue as JSON for CKAN's DCAT harvester (ckanext-dcat, DCATJSONHarvester)."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.governance.resources.entry import Entry


def harvest_of(entries: Sequence[Entry], base: str) -> Mapping[str, Any]:
    """``{"dataset": [...]}``; identifiers are the resource codes, so that a harvest updates."""
    return {"dataset": [_dataset(each, base) for each in entries]}


def _dataset(entry: Entry, base: str) -> Mapping[str, Any]:
    uri = f"{base}{entry.code}"
    return {
        "identifier": entry.code,
        "title": entry.name,
        "description": entry.summary,
        "landingPage": uri,
        "issued": entry.published_on,
        "modified": entry.published_on,
        "language": ["zh"],
        "keyword": [*entry.classification, entry.share_type],
        "publisher": {"name": entry.provider, "identifier": entry.provider_code},
        "distribution": [
            {
                "title": f"{entry.name}（{form}）",
                "description": "、".join(item.name for item in entry.items),
                "format": form.upper(),
                "accessURL": uri,
            }
            for form in entry.formats
        ],
    }
