"""Declaration of an open data set: ``governance/open_data/<name>.yml``.

What is published of a library is said column by column, with how far it is generalised. What could
name a person, a firm's address or its telephone is refused here, before anything is computed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict

from pipelines.errors import DeclarationRefused
from pipelines.libraries import GoldenColumn, Library
from pipelines.standards.declared import build, read_yaml

FOLDER = "open_data"
_STRICT = ConfigDict(extra="forbid")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PREFIX = re.compile(r"prefix ([1-9])")
_DATES = ("date", "timestamp")
LEAST_K = 3  # below that a group's members can tell one another's values


@dataclass(frozen=True)
class Diversity:
    """l-diversity: a group of records has at least ``least`` different values of the column."""

    __pydantic_config__ = _STRICT

    column: str
    least: int


@dataclass(frozen=True)
class OpenDataSet:
    """One data set; ``columns``: golden column to ``exact``, ``decade``, ``year`` ... ``prefix N``.

    ``form``: ``table`` counts entities per combination of the columns, ``records`` has a row per
    entity. ``k``: the smallest group that is shown; ``round_to``: counts are rounded to multiples;
    ``most_suppressed``: share of entities that may be left out before the data set is refused.
    """

    __pydantic_config__ = _STRICT

    title: str
    description: str
    library: str
    form: Literal["table", "records"]
    columns: Mapping[str, str]
    licence: str
    cycle: str = "其他"  # how often an edition comes out, in the words of the catalogue
    k: int = 10
    round_to: int = 1
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    diversity: Diversity | None = None
    most_suppressed: float = 0.1
    name: str = ""
    file: Path = field(default=Path(), repr=False, compare=False)


def read_open_data(folder: Path, libraries: Mapping[str, Library]) -> Mapping[str, OpenDataSet]:
    """The data sets of a site by name; none where the folder is absent.

    Raises:
        DeclarationRefused: one cannot work, or would show what must not be shown.
    """
    files = sorted((folder / FOLDER).glob("*.yml"))
    return {file.stem: _read(file, libraries) for file in files}


def _read(file: Path, libraries: Mapping[str, Library]) -> OpenDataSet:
    given = {**read_yaml(file), "name": file.stem, "file": file}
    declared: OpenDataSet = build(OpenDataSet, given, file)
    if not _NAME.fullmatch(file.stem):
        raise _refused(file, "the file's name", "is no plain name.", "Use a-z, 0-9 and _.")
    if declared.library not in libraries:
        problem = f"names {declared.library!r}, which is no library."
        raise _refused(file, "library", problem, f"Name one of {', '.join(libraries)}.")
    _check_numbers(declared)
    columns = libraries[declared.library].columns
    if not declared.columns:
        raise _refused(file, "columns", "names no column.", "Name at least one.")
    for name in (*declared.columns, *declared.where):
        if name not in columns:
            known = ", ".join(columns)
            problem = f"is no column of {declared.library}."
            raise _refused(file, f"columns.{name}", problem, f"Name one of {known}.")
    for name, form in declared.columns.items():
        _check_column(file, columns[name], form)
    for name in declared.where:
        if columns[name].element.code_table is None:
            problem = "is compared with values, but is no code."
            raise _refused(file, f"where.{name}", problem, "Select by columns that hold codes.")
    return declared


def _check_numbers(declared: OpenDataSet) -> None:
    file, diverse = declared.file, declared.diversity
    if declared.k < LEAST_K:
        remedy = f"Write {LEAST_K} or more; 10 is usual."
        raise _refused(file, "k", f"is {declared.k}: such groups name people.", remedy)
    if declared.round_to < 1:
        raise _refused(file, "round_to", "is less than 1.", "Write 1 for exact counts.")
    if not 0 <= declared.most_suppressed <= 1:
        raise _refused(file, "most_suppressed", "is no share.", "Write a number from 0 to 1.")
    if diverse and (declared.form != "records" or diverse.column not in declared.columns):
        problem = "is about a column of records, and there is none of that name."
        raise _refused(file, "diversity.column", problem, "Name a column of a set of records.")
    if diverse and diverse.least < 2:
        raise _refused(file, "diversity.least", "is less than 2.", "Write 2 or more.")


def _check_column(file: Path, column: GoldenColumn, form: str) -> None:
    where, element = f"columns.{column.name}", column.element
    is_date, is_code = element.type in _DATES, element.code_table is not None
    if form in ("decade", "year", "month"):
        if not is_date:
            raise _refused(file, where, f"is {form}, but no date.", "Write exact or prefix N.")
        if form == "month" and element.sensitivity in ("personal", "sensitive"):
            raise _refused(file, where, "is of persons; a month tells too much.", "Write year.")
    elif _PREFIX.fullmatch(form):
        if not is_code:
            problem = "is no code, so its beginning is no group."
            raise _refused(file, where, problem, "Take a column that holds codes.")
    elif form != "exact":
        remedy = "Write exact, decade, year, month, or prefix and a digit."
        raise _refused(file, where, f"is {form!r}.", remedy)
    elif not is_code or element.mask != "none" or element.sensitivity == "sensitive":
        problem = "may hold what names or places somebody."
        remedy = "Only codes are shown as they are; generalise a date to year, or leave it out."
        raise _refused(file, where, problem, remedy)


def prefix_of(form: str) -> int | None:
    """N of ``prefix N``."""
    found = _PREFIX.fullmatch(form)
    return int(found[1]) if found else None


def _refused(file: Path, field_name: str, problem: str, remedy: str) -> DeclarationRefused:
    return DeclarationRefused(file, field_name, problem, remedy)
