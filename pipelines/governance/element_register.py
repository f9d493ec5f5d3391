"""Register of data elements (一数一源一标准): authority, standard and holders of each column.

条例 809 article 19: what several departments hold has one lead department (数源部门). Who holds a
column beside it, and how far they agree with the published value, is measured, not declared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.contracts.source import Source
from pipelines.libraries import GoldenColumn, Library

Agreement = Mapping[tuple[str, str], tuple[int, int]]  # source, column: agreed, compared


@dataclass(frozen=True)
class Holder:
    """A source that delivers the column: how many of its values could be compared, and agreed."""

    source: str
    title: str
    department: str  # short name
    department_title: str
    agreed: int
    compared: int

    @property
    def agreement(self) -> float | None:
        """Share of compared values that agreed; None where nothing was compared."""
        return self.agreed / self.compared if self.compared else None


@dataclass(frozen=True)
class RegisteredElement:
    """One golden column. ``lead``: title of the lead department, "" where none is effective."""

    library: str
    library_title: str
    column: str
    title: str
    element: str
    standard: str
    lead: str
    holders: Sequence[Holder]
    disputes: int  # open ones
    remarks: Sequence[str]  # what is not one source, one standard

    @property
    def beside(self) -> Sequence[Holder]:
        """The holders that are not of the lead department."""
        return [each for each in self.holders if each.department_title != self.lead]


def register_elements(
    libraries: Sequence[Library],
    sources: Sequence[Source],
    agreement: Agreement,
    disputes: Mapping[tuple[str, str], int],
) -> list[RegisteredElement]:
    """The register, by library and column in their order.

    Args:
        libraries: Whose golden columns are registered.
        sources: Active ones.
        agreement: Latest comparison per source and column.
        disputes: Open disputes by entity (of the library) and column.
    """
    return [
        _element(library, column, _holders(library, column, sources, agreement), disputes)
        for library in libraries
        for column in library.columns.values()
    ]


def _holders(
    library: Library, column: GoldenColumn, sources: Sequence[Source], agreement: Agreement
) -> list[Holder]:
    holding = [
        each
        for each in sources
        if each.library == library.name and any(c.name == column.name for c in each.columns)
    ]
    return [
        Holder(
            each.name, each.title, each.department, each.owner.department,
            *agreement.get((each.name, column.name), (0, 0)),
        )
        for each in holding
    ]  # fmt: skip


def _element(
    library: Library,
    column: GoldenColumn,
    holders: Sequence[Holder],
    disputes: Mapping[tuple[str, str], int],
) -> RegisteredElement:
    titles = {each.department: each.department_title for each in holders}
    lead = next((titles[name] for name in column.authority if name in titles), "")
    return RegisteredElement(
        library=library.name,
        library_title=library.title,
        column=column.name,
        title=column.title,
        element=column.element_name,
        standard=column.element.standard,
        lead=lead,
        holders=sorted(holders, key=lambda each: _rank(column, each.department)),
        disputes=disputes.get((library.entity, column.name), 0),
        remarks=list(_remarks(column, titles)),
    )


def _rank(column: GoldenColumn, department: str) -> int:
    ranks = {name: place for place, name in enumerate(column.authority)}
    return ranks.get(department, len(ranks))


def _remarks(column: GoldenColumn, titles: Mapping[str, str]) -> Sequence[str]:
    """What departs from one source and one standard, in the words of the register."""
    remarks = []
    ranked = [titles[name] for name in column.authority if name in titles]
    if len(ranked) > 1:
        others = "、".join(ranked[1:])
        remarks.append(f"另有权威部门{others}提供，按权威次序以{ranked[0]}为准")
    if not titles:
        remarks.append("没有部门提供本项")
    elif not any(name in titles for name in column.authority):
        remarks.append("没有数源部门：提供本项的部门都不在权威次序中")
    elif column.authority[0] not in titles:
        remarks.append("首位数源部门未接入，暂以后位部门为准")
    if not column.element.standard:
        remarks.append("没有标准")
    return remarks
