"""Catalogue entries out of source contracts and library declarations: nothing is typed twice."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from pipelines.contracts.source import Server, Source, SourceColumn
from pipelines.governance.resources.declared import Branch, CatalogueDeclaration, Told
from pipelines.governance.resources.entry import GRADES, SHARE_TYPES, Entry, Item, ShareType
from pipelines.libraries import GoldenColumn, Library
from pipelines.standards.elements import DataElement, Sensitivity, load_elements

_NOTHING_TOLD = Told()
_GRADE_OF: Mapping[Sensitivity, str] = dict(
    zip(("public", "internal", "personal", "sensitive"), GRADES, strict=False)
)
_STRICTNESS: Sequence[ShareType] = tuple(SHARE_TYPES)  # from open to closed
_CYCLES = (
    (timedelta(hours=1), "实时"),
    (timedelta(days=1), "每日"),
    (timedelta(days=7), "每周"),
    (timedelta(days=31), "每月"),
    (timedelta(days=92), "每季度"),
    (timedelta(days=366), "每年"),
)
_DATA_TYPES = (
    ("decimal", "N"), ("float", "F"), ("int", "I"), ("date", "D"), ("timestamp", "T"),
    ("boolean", "L"),
)  # fmt: skip
_DIALECTS = {
    "postgresql": "postgresql", "postgres": "postgresql", "mysql": "mysql", "mariadb": "mysql",
    "oracle": "oracle", "mssql": "sql server", "sqlite": "sqlite", "dm": "Dm",
    "kingbase": "KingbaseES", "db2": "db2",
}  # fmt: skip
_FILES = {"xlsx": "电子表格"}
_CHINESE = re.compile("[\u4e00-\u9fff]")
_GENERAL = ("text", "date", "timestamp")  # fit any column, so their names say nothing of one
_OWN_KEY, _CHANGED_AT = "记录编号", "更新时间"


def origin_of_source(name: str) -> str:
    """How the register of codes calls a source."""
    return f"source {name}"


def origin_of_library(name: str) -> str:
    """How the register of codes calls the published table of a library."""
    return f"library {name}"


def branches_of(
    sources: Iterable[Source], libraries: Iterable[Library], declared: CatalogueDeclaration
) -> Mapping[str, str]:
    """Origin to the code of its branch, libraries first; what has no branch is left out."""
    by_library = {
        origin_of_library(each.name): declared.library_branches.get(each.name) for each in libraries
    }
    by_source = {
        origin_of_source(each.name): declared.department_branches.get(each.department)
        for each in sources
    }
    return {origin: branch.code for origin, branch in (by_library | by_source).items() if branch}


def derive_entries(
    sources: Sequence[Source],
    libraries: Sequence[Library],
    declared: CatalogueDeclaration,
    codes: Mapping[str, str],
) -> list[Entry]:
    """One entry per library and per source, libraries first.

    What nobody declared is left empty, and is a fault that ``lint`` finds.

    Args:
        sources: Active ones.
        libraries: In the order in which they are built.
        declared: What the site says besides.
        codes: Resource codes by origin.
    """
    entries = [_of_library(each, sources, declared) for each in libraries]
    by_name = {each.name: each for each in libraries}
    entries += [_of_source(each, by_name.get(each.library), declared) for each in sources]
    return [replace(each, code=codes.get(each.origin, ""), related=_related(each, codes))
            for each in entries]  # fmt: skip


def _related(entry: Entry, codes: Mapping[str, str]) -> Sequence[str]:
    return [codes[origin] for origin in entry.related if origin in codes]


def _of_source(source: Source, library: Library | None, declared: CatalogueDeclaration) -> Entry:
    told = declared.resources.get(origin_of_source(source.name), _NOTHING_TOLD)
    department = declared.departments.get(source.department)
    branch = declared.department_branches.get(source.department)
    format_class, format_name, submode = _form(source.server)
    golden = library.columns if library else {}
    items = [
        _item_of_column(each, golden.get(each.name), source.changed_at) for each in source.columns
    ]
    return Entry(
        origin=origin_of_source(source.name),
        code="",
        classification=_path(branch),
        name=told.name or source.title,
        provider=source.owner.department,
        provider_code=department.uscc if department else "",
        summary=told.summary or source.description,
        format_class=format_class,
        formats=[format_name] if format_name else [],
        items=items,
        share_type=SHARE_TYPES[told.share_type or source.sharing_type],
        share_condition=told.share_condition or source.sharing_condition,
        share_mode="共享平台",
        share_submode=submode,
        open=_flag(told.open),
        open_condition=told.open_condition,
        cycle=_cycle(source.frequency),
        published_on=told.published_on,
        related=told.related or [origin_of_library(source.library)],
        grade=told.grade or _grade(items),
        responsible=told.responsible or source.owner.team,
    )


def _of_library(
    library: Library, sources: Sequence[Source], declared: CatalogueDeclaration
) -> Entry:
    told = declared.resources.get(origin_of_library(library.name), _NOTHING_TOLD)
    department = declared.departments[declared.provider_of_libraries]
    feeding = [each for each in sources if each.library == library.name]
    types: list[ShareType] = [each.sharing_type for each in feeding]
    strictest: ShareType = max(types, key=_STRICTNESS.index, default="none")
    items = [item_of_golden(each) for each in library.columns.values()]
    return Entry(
        origin=origin_of_library(library.name),
        code="",
        classification=_path(declared.library_branches.get(library.name)),
        name=told.name or f"{library.title}{library.entity_title}基本信息",
        provider=department.title,
        provider_code=department.uscc,
        summary=told.summary or _summary(library, feeding),
        format_class="数据库",
        formats=["postgresql"],
        items=items,
        share_type=SHARE_TYPES[told.share_type or strictest],
        share_condition=told.share_condition
        or JOINER.join(dict.fromkeys(e.sharing_condition for e in feeding if e.sharing_condition)),
        share_mode="共享平台",
        share_submode="数据库",
        open=_flag(told.open),
        open_condition=told.open_condition,
        cycle=_cycle(min((each.frequency for each in feeding), default=timedelta.max)),
        published_on=told.published_on,
        related=told.related or [origin_of_source(each.name) for each in feeding],
        grade=told.grade or _grade(items),
        responsible=told.responsible or department.contact,
    )


JOINER = "；"


def _summary(library: Library, feeding: Sequence[Source]) -> str:
    departments = "、".join(dict.fromkeys(each.owner.department for each in feeding))
    columns = "、".join(each.title for each in list(library.columns.values())[:6])
    return (
        f"{library.title}中每个{library.entity_title}的一条权威记录，包括{columns}等 "
        f"{len(library.columns)} 项，"
        f"由{departments}等 {len(feeding)} 个数据源归集、比对、融合而成。"
    )


def _path(branch: Branch | None) -> Sequence[str]:
    return branch.path if branch else ()


def _flag(value: bool) -> str:
    return "1" if value else "0"


def _item_of_column(
    column: SourceColumn, golden: GoldenColumn | None, changed_at: str | None
) -> Item:
    """Named by the contract, else as the library calls the column, else as the department does."""
    element = load_elements().get(column.element or "")
    physical = column.physical_name
    if column.title not in ("", physical):
        title = column.title
    elif column.name == changed_at and not _CHINESE.search(physical):
        title = _CHANGED_AT
    elif golden is not None:
        title = golden.title
    elif _CHINESE.search(physical) or element is None or element.name in _GENERAL:
        title = _OWN_KEY if column.primary_key and not _CHINESE.search(physical) else physical
    else:
        title = element.title
    return _item(title, element, physical)


def item_of_golden(column: GoldenColumn) -> Item:
    """The information item of a golden column."""
    return _item(column.title, column.element, column.name)


def _item(title: str, element: DataElement | None, physical_name: str) -> Item:
    if element is None:  # a key of the department's own
        return Item(title, "C", physical_name=physical_name, sensitivity="internal")
    return Item(
        name=title,
        data_type="Y" if element.name == "money" else _data_type(element.type),
        length=str(element.length or ""),
        physical_name=physical_name,
        standard=element.standard,
        sensitivity=element.sensitivity,
    )


def _data_type(ibis_type: str) -> str:
    return next((code for prefix, code in _DATA_TYPES if ibis_type.startswith(prefix)), "C")


def _grade(items: Sequence[Item]) -> str:
    """That of the most sensitive item; the scale is ours, no list of the state was found."""
    order = list(_GRADE_OF)
    return _GRADE_OF[max((each.sensitivity for each in items), key=order.index, default="public")]


def _cycle(frequency: timedelta) -> str:
    return next((name for most, name in _CYCLES if frequency <= most), "其他")


def _form(server: Server) -> tuple[str, str, str]:
    """Class and type of the format, and how it is shared over the platform."""
    if server.kind == "api":
        return "服务接口", "rest", "服务接口"
    if server.kind == "database":
        dialect = server.location.split(":", 1)[0].split("+")[0]
        return "数据库", _DIALECTS.get(dialect, ""), "数据库"
    return _FILES.get(server.format, "自描述格式"), server.format, "文件下载"
