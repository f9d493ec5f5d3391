"""The catalogue for other catalogues: DCAT-AP as JSON-LD, and packages of CKAN.

DCAT 3 (W3C), DCAT-AP 3 (SEMIC); publisher codes as ADMS identifiers, information items as a CSVW
table schema in DCAT and as Frictionless Table Schema in CKAN. Terms of the EU authority lists are
used where one fits: frequency, file type, access right.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.governance.resources.entry import Entry, Item, texts_of

_EU = "http://publications.europa.eu/resource/authority"
_FREQUENCIES = {
    "实时": "CONT", "每日": "DAILY", "每周": "WEEKLY", "每月": "MONTHLY", "每季度": "QUARTERLY",
    "每年": "ANNUAL",
}  # fmt: skip
_RIGHTS = {"无条件共享": "RESTRICTED", "有条件共享": "RESTRICTED", "不予共享": "NON_PUBLIC"}
_FILE_TYPES = {"csv": "CSV", "json": "JSON", "jsonl": "JSON", "xlsx": "XLSX", "xls": "XLS"}
_FRICTIONLESS = {
    "C": "string", "N": "number", "Y": "number", "B": "number", "F": "number", "I": "integer",
    "D": "date", "T": "datetime", "L": "boolean", "M": "string", "G": "any",
}  # fmt: skip
_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "adms": "http://www.w3.org/ns/adms#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "csvw": "http://www.w3.org/ns/csvw#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def dcat_of(entries: Sequence[Entry], jurisdiction: str, published_on: str, base: str) -> Any:
    """A ``dcat:Catalog`` as JSON-LD.

    Args:
        entries: Those to show.
        jurisdiction: Whose catalogue it is, in words.
        published_on: ISO day of the edition.
        base: URI that resource codes are appended to; a site sets its own.
    """
    publisher = _agent(f"{base}agent", jurisdiction, "")
    title = f"{jurisdiction}政务信息资源目录"
    return {
        "@context": _CONTEXT,
        "@id": f"{base}catalogue",
        "@type": "dcat:Catalog",
        "dct:title": _zh(title),
        "dct:description": _zh(f"{title}，由数据对接约定（报送目录）和基础库声明生成。"),
        "dct:publisher": publisher,
        "dct:issued": _day(published_on),
        "dct:modified": _day(published_on),
        "dct:language": {
            "@id": f"{_EU}/language/ZHO",
            "@type": "dct:LinguisticSystem",
        },
        "dcat:dataset": [_dataset(each, base) for each in entries],
    }


def _dataset(entry: Entry, base: str) -> Mapping[str, Any]:
    uri = f"{base}{entry.code}"
    frequency = _FREQUENCIES.get(entry.cycle, "OTHER")
    right = "PUBLIC" if entry.is_open else _RIGHTS.get(entry.share_type, "RESTRICTED")
    return {
        "@id": uri,
        "@type": "dcat:Dataset",
        "dct:identifier": entry.code,
        "dct:title": _zh(entry.name),
        "dct:description": _zh(entry.summary),
        "dct:publisher": _agent(
            f"{base}agent/{entry.provider_code}", entry.provider, entry.provider_code
        ),
        "dcat:theme": {
            "@id": f"{base}theme/{entry.code.split('/')[0]}",
            "@type": "skos:Concept",
            "skos:prefLabel": _zh("/".join(entry.classification)),
        },
        "dct:accrualPeriodicity": {
            "@id": f"{_EU}/frequency/{frequency}",
            "@type": "dct:Frequency",
        },
        "dct:accessRights": {
            "@id": f"{_EU}/access-right/{right}",
            "@type": "dct:RightsStatement",
        },
        "dct:issued": _day(entry.published_on),
        "dct:relation": [{"@id": f"{base}{code}"} for code in entry.related],
        "csvw:tableSchema": {"csvw:column": [_csvw(item) for item in entry.items]},
        "dcat:distribution": [_distribution(entry, uri, each) for each in entry.formats],
    }


def _distribution(entry: Entry, uri: str, form: str) -> Mapping[str, Any]:
    file_type = _FILE_TYPES.get(form.lower())
    named = {"@id": f"{_EU}/file-type/{file_type}", "@type": "dct:MediaTypeOrExtent"}
    return {
        "@id": f"{uri}#{form}",
        "@type": "dcat:Distribution",
        "dct:title": _zh(f"{entry.name}（{form}）"),
        "dcat:accessURL": {"@id": uri},
        **({"dct:format": named} if file_type else {}),
    }


def _agent(uri: str, name: str, code: str) -> Mapping[str, Any]:
    notation = {"@id": f"{uri}/code", "@type": "adms:Identifier", "skos:notation": code}
    identified = {"adms:identifier": notation} if code else {}
    return {"@id": uri, "@type": "foaf:Agent", "foaf:name": _zh(name), **identified}


def _csvw(item: Item) -> Mapping[str, Any]:
    return {"csvw:name": item.physical_name or item.name, "csvw:title": _zh(item.name)}


def _zh(text: str) -> Mapping[str, str]:
    return {"@value": text, "@language": "zh"}


def _day(text: str) -> Mapping[str, str]:
    return {"@value": text, "@type": "xsd:date"}


def ckan_of(entry: Entry) -> Mapping[str, Any]:
    """One entry as a package for ``package_create`` of CKAN's action API.

    Only what is open is public; what has no place of its own in CKAN is an extra.
    """
    texts = texts_of(entry)
    return {
        "name": ckan_name(entry.code),
        "title": entry.name,
        "notes": entry.summary,
        "owner_org": entry.provider_code.lower(),
        "author": entry.provider,
        "maintainer": entry.responsible,
        "private": not entry.is_open,
        "groups": [{"name": f"c{entry.code.split('/')[0]}"}],
        "tags": [{"name": part} for part in entry.classification],
        "resources": [
            {
                "name": f"{entry.name}（{form}）",
                "format": form.upper(),
                "url": f"urn:baselib:{entry.code}",
                "schema": {"fields": [_frictionless(item) for item in entry.items]},
            }
            for form in entry.formats
        ],
        "extras": [
            {"key": key, "value": texts[key]}
            for key in texts
            if key not in ("信息资源名称", "信息资源摘要", "信息资源提供方")
        ],
    }


def ckan_name(code: str) -> str:
    """The name of a package: 2–100 of a-z, 0-9, - and _ (CKAN), the same for ever as its code."""
    return f"r{code.replace('/', '-')}"


def _frictionless(item: Item) -> Mapping[str, Any]:
    most = {"constraints": {"maxLength": int(item.length)}} if item.length.isdigit() else {}
    return {
        "name": item.physical_name or item.name,
        "title": item.name,
        "type": _FRICTIONLESS.get(item.data_type, "any"),
        **most,
    }
