"""Patterns among faults: where they come from, and which wrong values are written again and again.

One clerk, one office or one file is often behind most of them; a wrong code is seldom wrong once. A
value is shown as it is only if it is a code that several records share; of dates and amounts the
form is shown, which says nothing about anybody; everything else is masked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.types as ir

from pipelines.clean.masking import mask
from pipelines.contracts.source import Source
from pipelines.report.owner.bad_rows import NO_SECRETS, WRONG_CODES, column_masks
from pipelines.standards.elements import load_elements
from pipelines.standards.rules import load_rules

Kind = Literal["file", "branch", "person"]
SHARED_BY = 5  # records that must have a value before it is shown; rows of a group before it counts
MOST_GROUPS, MOST_VALUES = 5, 3
_MOST_COLUMNS = 3  # of those that say who entered a record, or where
# Columns that say where a record was entered, and by whom; in Chinese, by initials, in English.
_DONE = "(?:经办|录入|登记|受理|采集|填报|办理|报送|操作|审核)"
_PERSON = re.compile(
    rf"{_DONE}(?:人|员|人员|者|民警|柜员)(?:姓名|工号|编号|代码)?|柜员号?|jbr|lrr|lry|djr|czy|cjr|"
    r"operator|clerk|entered_?by|created_?by|input_?by",
    re.IGNORECASE,
)
_BRANCH = re.compile(
    rf"(?:{_DONE}|所属|管辖|主管)(?:机构|单位|网点|部门|机关|站点|窗口|派出所|分局|科室)(?:名称|代码|编号)?|"
    r"(?:网点|窗口|派出所|分局|乡镇|镇街|乡镇街道|街道|社区)(?:名称|代码)?|jbjg|jbwd|djjg|slwd|ssjg|pcs|"
    r"branch|office|station|outlet",
    re.IGNORECASE,
)
# What may stand in a date or an amount besides digits; any other character is somebody's word.
_FORM_WORDS = "年月日号时分秒万亿元圆角"
_LONGEST_CODE = 8  # characters; a longer text in a column of codes is no code
_NUMBER_OF_SOMEBODY = "[0-9]{7}"  # a telephone or an identity, in the wrong column
_TELL_NOTHING = ("none", "all")
_FORM, _BETWEEN_COLUMNS = "0302", "0402"  # indicators of GB/T 36344


@dataclass(frozen=True)
class GroupShare:
    """Rows of one file, branch or entry person, and how many of them have a fault."""

    name: str
    rows: int
    faulty: int

    @property
    def share(self) -> float:
        """Share of its rows with a fault."""
        return self.faulty / self.rows


@dataclass(frozen=True)
class SharePattern:
    """Shares by one column of the delivery (``""`` for its files), the worst first."""

    kind: Kind
    column: str
    groups: Sequence[GroupShare]


@dataclass(frozen=True)
class WrongValue:
    """A wrong value (or the form of one) and how many rows have it."""

    shown: str
    rows: int
    is_form: bool
    suggested: str = ""  # what it may have been meant for: 22 再婚


@dataclass(frozen=True)
class ValuePattern:
    """The commonest wrong values of a column, most rows first."""

    column: str  # its title
    values: Sequence[WrongValue]


@dataclass(frozen=True)
class Patterns:
    """What an owner can find behind many faults at once."""

    shares: Sequence[SharePattern] = ()
    values: Sequence[ValuePattern] = ()


def group_columns(source: Source, delivered: Sequence[str]) -> Mapping[str, Kind]:
    """The delivered columns that say where, or by whom, a record was entered.

    Those that the contract names in ``group_by``, else those that are called so. The key, and what
    is known to be about somebody, is none.
    """
    if source.group_by:
        wanted = [name for name in source.group_by if name in delivered]
        return {name: "person" if _PERSON.fullmatch(name) else "branch" for name in wanted}
    mapped = {column.physical_name for column in source.columns if column.element}
    kinds: dict[str, Kind] = {}
    for name in delivered:
        plain = name.strip()
        if name not in mapped and _PERSON.fullmatch(plain):
            kinds[name] = "person"
        elif name not in mapped and _BRANCH.fullmatch(plain):
            kinds[name] = "branch"
    return dict(list(kinds.items())[:_MOST_COLUMNS])


def shares_by(places: ir.Table, faulty: ir.Table, kind: Kind) -> ir.Table:
    """Rows and faulty rows of each group, the worst first.

    Args:
        places: ``file, line, name`` of every delivered row; ``name`` is its group.
        faulty: ``file, line`` of rows with a fault.
        kind: Names of persons are masked, unless they are numbers.

    Returns:
        ``name, rows, faulty`` of groups that are large enough to say something; NULL is no group.
    """
    named = places.filter(places["name"].strip() != "")
    marked = faulty.select("file", "line").distinct().mutate(is_faulty=True)
    joined = named.left_join(marked, ["file", "line"])
    grouped = joined.group_by(name=joined["name"].strip()).agg(
        rows=joined.count(), faulty=joined.is_faulty.fill_null(False).sum()
    )
    large = grouped.filter(grouped["rows"] >= SHARED_BY)
    ordered = large.order_by(
        [(large.faulty / large["rows"]).desc(), large["rows"].desc(), large["name"]]
    )
    if kind != "person":
        return ordered
    is_number = ordered["name"].re_search("^[0-9A-Za-z_-]{1,12}$")
    return ordered.mutate(
        name=ibis.ifelse(is_number, ordered["name"], mask(ordered["name"], "person_name"))
    )


def common_values(rows: ir.Table, source: Source) -> ir.Table:
    """The wrong values that at least ``SHARED_BY`` rows share.

    Args:
        rows: As ``bad_rows`` makes them, not masked.
        source: The contract; gives each column's element.

    Returns:
        ``column, shown, is_form, rows``, by column and most rows first: codes as they are, dates
        and amounts by their form, others masked.
    """
    codes, forms = _columns_of(source, "code"), _columns_of(source, "form")
    is_nothing = rows["rule"].isin(NO_SECRETS)
    # What is at fault: a code that there is not, a form that cannot be read; of anything else the
    # value. A sex that contradicts a number is a code like others, and its date is well written.
    at_fault = ibis.cases(
        (rows["column"].isin(codes), rows["rule"].isin(WRONG_CODES)),
        (rows["column"].isin(forms), rows["rule"].isin(_rules_of(_FORM))),
        else_=~rows["rule"].isin(_rules_of(_BETWEEN_COLUMNS)),
    )
    own = rows.filter(
        rows["other_source"].isnull(),
        rows["column"].notnull(),
        rows["value"].strip() != "",
        is_nothing | at_fault,
    )
    is_form = own["column"].isin(forms)
    is_code = own["column"].isin(codes) & (own["value"].length() <= _LONGEST_CODE)
    is_code &= ~own["value"].re_search(_NUMBER_OF_SOMEBODY)
    kept = own.mutate(
        is_form=is_form,
        is_code=is_code | (own["rule"].isin(NO_SECRETS) & ~is_form),
        key=ibis.ifelse(is_form, _form(own["value"]), own["value"]),
    )
    counted = kept.group_by("column", "key", "is_form", "is_code").agg(
        rows=lambda t: (t["file"] + ":" + t["line"].cast("string")).nunique()
    )
    several = counted.filter(counted["rows"] >= SHARED_BY)
    shown = ibis.ifelse(several.is_form | several.is_code, several["key"], _masked(several, source))
    listed = several.select("column", "is_form", "rows", shown=shown)
    listed = listed.filter(listed.shown.notnull())
    place = ibis.row_number().over(
        group_by="column", order_by=[listed["rows"].desc(), listed.shown]
    )
    ranked = listed.mutate(place=place)
    return ranked.filter(ranked.place < MOST_VALUES).order_by(["column", "place"]).drop("place")


def _rules_of(indicator: str) -> list[str]:
    return [code for code, rule in load_rules().items() if rule.indicator == indicator]


def is_coded(element: str | None) -> bool:
    """Whether values of an element are codes of a table."""
    return bool(element and load_elements()[element].code_table)


def _columns_of(source: Source, what: Literal["code", "form"]) -> list[str]:
    """Names of columns whose element is a code; or a date or an amount."""
    elements = load_elements()
    of_form = {"date", "timestamp", "birth_date", "money"}
    return [
        column.name
        for column in source.columns
        if column.element
        and (
            column.element in of_form
            if what == "form"
            else bool(elements[column.element].code_table)
        )
    ]


def _form(value: ir.StringValue) -> ir.StringValue:
    digits = value.strip().re_replace("[0-9０-９]", "9").re_replace("[A-Za-zＡ-Ｚａ-ｚ]", "x")
    kept = digits.re_replace(f"[^\\x00-\\x7F{_FORM_WORDS}]", "□")
    no_digit = digits.re_replace(r"[^\x00-\x7F]", "□")  # then it is a word: 万 is a surname, too
    return ibis.ifelse(digits.contains("9"), kept, no_digit).substr(0, 24)


def _masked(rows: ir.Table, source: Source) -> ir.StringValue:
    """NULL where a mask would show nothing, and where there is none: such a value is not listed."""
    masks = {name: kind for name, kind in column_masks(source).items() if kind not in _TELL_NOTHING}
    branches = [
        (
            rows["column"].isin([name for name, its in masks.items() if its == kind]),
            mask(rows["key"], kind),
        )
        for kind in sorted(set(masks.values()))
    ]
    nothing = ibis.null("string")
    return ibis.cases(*branches, else_=nothing) if branches else nothing
