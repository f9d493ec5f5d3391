"""Catalogue entries of what is made out of the libraries: open data sets, and views of grants.

A granted view is one consumer's; what it may be used for is its condition. Grants are read as they
stand in their files: whether they can work is what `baselib grants check` says.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.governance.opendata.declared import OpenDataSet
from pipelines.governance.opendata.write import COUNT, COUNT_TITLE, titles_of
from pipelines.governance.resources.declared import CatalogueDeclaration, Told
from pipelines.governance.resources.derive import item_of_golden, origin_of_library
from pipelines.governance.resources.entry import GRADES, SHARE_TYPES, Entry, Item
from pipelines.libraries import Library
from pipelines.standards.declared import read_yaml

_NOTHING_TOLD = Told()


@dataclass(frozen=True)
class GrantedView:
    """What the catalogue says of a grant."""

    name: str
    consumer: str
    purpose: str
    library: str
    columns: Sequence[str]  # that are shown
    assessment: str = ""  # number of the impact assessment that its file names


def read_granted_views(folder: Path) -> list[GrantedView]:
    """The grants of a folder by name; a file that says no library or columns is passed over.

    Raises:
        DeclarationRefused: a file cannot be read.
    """
    views = []
    for file in sorted(folder.glob("*.yml")):
        told = read_yaml(file)
        columns = told.get("columns")
        if isinstance(columns, dict) and isinstance(told.get("library"), str):
            shown = [str(name) for name, show in columns.items() if show != "absent"]
            consumer, purpose = (str(told.get(key, "")) for key in ("consumer", "purpose"))
            number = str(told.get("assessment", ""))
            views.append(GrantedView(file.stem, consumer, purpose, told["library"], shown, number))
    return views


def further_branches(
    data_sets: Mapping[str, OpenDataSet],
    views: Sequence[GrantedView],
    declared: CatalogueDeclaration,
) -> Mapping[str, str]:
    """Origin to the code of the branch: that of the library."""
    libraries = [(f"open {name}", each.library) for name, each in data_sets.items()]
    libraries += [(f"grant {each.name}", each.library) for each in views]
    return {
        origin: declared.library_branches[library].code
        for origin, library in libraries
        if library in declared.library_branches
    }


def derive_further(
    data_sets: Mapping[str, OpenDataSet],
    views: Sequence[GrantedView],
    libraries: Mapping[str, Library],
    of_library: Mapping[str, Entry],
    declared: CatalogueDeclaration,
    codes: Mapping[str, str],
) -> Iterator[Entry]:
    """One entry per open data set and per granted view; related with the library.

    Args:
        data_sets: By name.
        views: Of a library that is not known: passed over.
        libraries: By name.
        of_library: The entries of the libraries by name.
        declared: What the site says besides.
        codes: Resource codes by origin.
    """
    for name, data_set in data_sets.items():
        entry = _open(data_set, libraries[data_set.library], of_library[data_set.library])
        yield _told(replace(entry, origin=f"open {name}"), declared, codes)
    for view in views:
        if view.library in libraries:
            entry = _granted(view, libraries[view.library], of_library[view.library])
            yield _told(entry, declared, codes)


def _told(entry: Entry, declared: CatalogueDeclaration, codes: Mapping[str, str]) -> Entry:
    told = declared.resources.get(entry.origin, _NOTHING_TOLD)
    return replace(
        entry,
        code=codes.get(entry.origin, ""),
        name=told.name or entry.name,
        summary=told.summary or entry.summary,
        published_on=told.published_on,
        responsible=told.responsible or entry.responsible,
    )


def _open(data_set: OpenDataSet, library: Library, of_library: Entry) -> Entry:
    items = [
        Item(title, "C", physical_name=name) for name, title in titles_of(data_set, library).items()
    ]
    if data_set.form == "table":
        items.append(Item(COUNT_TITLE, "I", physical_name=COUNT))
    return replace(
        of_library,
        name=data_set.title,
        summary=data_set.description,
        format_class="自描述格式",
        formats=("csv", "json", "parquet"),
        items=items,
        share_type=SHARE_TYPES["unconditional"],
        share_condition="",
        share_submode="文件下载",
        open="1",
        open_condition=f"许可：{data_set.licence}",
        cycle=data_set.cycle,
        related=[of_library.code] if of_library.code else [],
        grade=GRADES[0],
    )


def _granted(view: GrantedView, library: Library, of_library: Entry) -> Entry:
    columns = [library.columns[name] for name in view.columns if name in library.columns]
    return replace(
        of_library,
        origin=f"grant {view.name}",
        name=f"{of_library.name}（{view.purpose}）",
        summary=f"供{view.consumer}用于{view.purpose}的查询核验，只含授权的 {len(columns)} 项。",
        format_class="服务接口",
        formats=("rest",),
        items=[item_of_golden(each) for each in columns],
        share_type=SHARE_TYPES["conditional"],
        share_condition=f"仅供{view.consumer}用于{view.purpose}",
        share_submode="服务接口",
        open="0",
        open_condition="",
        cycle=of_library.cycle,
        related=[of_library.code] if of_library.code else [],
    )


def library_of(origin: str) -> str:
    """The library of an entry's origin, or empty."""
    kind, _, name = origin.partition(" ")
    return name if origin_of_library(name) == f"{kind} {name}" else ""
