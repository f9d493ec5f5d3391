"""What a site declares for its catalogue: ``governance/catalogue.yml`` and the codes it has given.

Only what contracts and libraries do not know: who the departments are, where in the classification
their resources stand, what is open, legal bases. A declaration that cannot work is refused with
file, field and remedy.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ConfigDict

from pipelines.errors import DeclarationRefused
from pipelines.governance.resources.entry import ShareType
from pipelines.standards.declared import build, mapping, read_yaml

CATALOGUE_NAME = "catalogue.yml"
CODES_NAME = "resource_codes.csv"
_STRICT = ConfigDict(extra="forbid")
# 类 1 digit, 项 2, 目 3, 细目 any number; the order code is of free length (1272 guide, 三(三)).
BRANCH = re.compile(r"[123]\d{2}\d{3}\d*")
CODE = re.compile(rf"({BRANCH.pattern})/(\d+)")
_ORDER_DIGITS = 6
_CODE_COLUMNS = ("origin", "code")


@dataclass(frozen=True)
class Department:
    """A department that provides resources, by its short name in contracts."""

    __pydantic_config__ = _STRICT

    title: str
    uscc: str  # 统一社会信用代码, the code of the provider
    share_office: str = ""  # 政务数据共享工作机构 (条例 809 article 11)
    contact: str = ""  # who answers questions about its entries
    email: str = ""  # of the share office: told of duties that are late


@dataclass(frozen=True)
class Branch:
    """A branch of the classification: its code, and the names of 类, 项, 目, 细目."""

    __pydantic_config__ = _STRICT

    code: str
    path: Sequence[str]


@dataclass(frozen=True)
class Told:
    """What a site says of one resource that its contract or library does not."""

    __pydantic_config__ = _STRICT

    name: str = ""
    summary: str = ""
    open: bool = False
    open_condition: str = ""
    share_type: ShareType | None = None
    share_condition: str = ""  # of what is not shared: law, regulation or decision
    grade: str = ""
    published_on: str = ""
    responsible: str = ""
    related: Sequence[str] = ()  # origins


@dataclass(frozen=True)
class CatalogueDeclaration:
    """``catalogue.yml``; ``branches`` by library or department, ``resources`` by origin."""

    __pydantic_config__ = _STRICT

    jurisdiction: str
    provider_of_libraries: str  # short name of a department
    departments: Mapping[str, Department]
    library_branches: Mapping[str, Branch]
    department_branches: Mapping[str, Branch]
    resources: Mapping[str, Told] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)  # of duties, shorter than the law's
    review: bool = False  # whether an entry is published only as it was approved
    file: Path = field(default=Path(), repr=False, compare=False)


def read_declaration(folder: Path) -> CatalogueDeclaration:
    """The declaration of a folder.

    Raises:
        DeclarationRefused: there is none, or it cannot work.
    """
    file = folder / CATALOGUE_NAME
    raw = {**mapping(read_yaml(file), file, "the file"), "file": file}
    declared: CatalogueDeclaration = build(CatalogueDeclaration, raw, file)
    for where, branch in _branches(declared):
        _check_branch(file, where, branch)
    if declared.provider_of_libraries not in declared.departments:
        problem = f"names {declared.provider_of_libraries!r}, which is no department here."
        raise DeclarationRefused(
            file, "provider_of_libraries", problem, "Name a key of departments."
        )
    return declared


def _branches(declared: CatalogueDeclaration) -> Iterator[tuple[str, Branch]]:
    for key in ("library_branches", "department_branches"):
        for name, branch in getattr(declared, key).items():
            yield f"{key}.{name}", branch


def _check_branch(file: Path, where: str, branch: Branch) -> None:
    if not BRANCH.fullmatch(branch.code):
        problem = f"{branch.code!r} is no code of a branch."
        remedy = "Write 类 (1 digit), 项 (2), 目 (3) and 细目, in quotes: '101001'."
        raise DeclarationRefused(file, f"{where}.code", problem, remedy)
    if len(branch.path) < 3:
        problem = "names fewer than 类, 项 and 目."
        raise DeclarationRefused(file, f"{where}.path", problem, "Name all three, in order.")


def read_codes(folder: Path) -> Mapping[str, str]:
    """The resource codes that were given, by origin; none where there is no file yet.

    Raises:
        DeclarationRefused: a line has no origin, no code, or one that another line has.
    """
    file = folder / CODES_NAME
    if not file.exists():
        return {}
    codes: dict[str, str] = {}
    with file.open(encoding="utf-8-sig", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream), start=2):
            origin, code = (row.get(name) or "" for name in _CODE_COLUMNS)
            problem = _fault(origin, code, codes)
            if problem:
                remedy = "A code is given once and for ever; write a new line for a new resource."
                raise DeclarationRefused(file, f"line {number}", problem, remedy)
            codes[origin] = code
    return codes


def _fault(origin: str, code: str, given: Mapping[str, str]) -> str:
    if not origin or not CODE.fullmatch(code):
        return f"{code!r} is no resource code of {origin!r}."
    if origin in given:
        return f"{origin!r} has a code already."
    return f"{code!r} is the code of another resource." if code in given.values() else ""


def assign_codes(
    given: Mapping[str, str], branches: Mapping[str, str]
) -> tuple[Mapping[str, str], Sequence[str]]:
    """Codes for all origins: those given stay, others follow the highest of their branch.

    A code whose resource is gone is never given again, as long as its line stays.

    Args:
        given: By origin.
        branches: The code of the branch by origin.

    Returns:
        All codes, and the origins that got a new one, in order.
    """
    highest: dict[str, int] = {}
    for code in given.values():
        branch, order = code.split("/")
        highest[branch] = max(highest.get(branch, 0), int(order))
    codes, new = dict(given), []
    for origin, branch in branches.items():
        if origin not in codes:
            highest[branch] = highest.get(branch, 0) + 1
            codes[origin] = f"{branch}/{highest[branch]:0{_ORDER_DIGITS}d}"
            new.append(origin)
    return codes, new


def write_codes(folder: Path, codes: Mapping[str, str]) -> None:
    """Write all codes; the file is for review and belongs into version control."""
    with (folder / CODES_NAME).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_CODE_COLUMNS)
        writer.writerows(codes.items())
