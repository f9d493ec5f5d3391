"""Answers about two columns that contradict each other: the issue is at one, either may be wrong.

Who owns the data may correct the one, the other, or both in one cell, and may say in words that it
is the other one that is wrong. Pure functions of a few texts; nobody has thousands of such answers.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from pipelines.contracts.source import Source
from pipelines.standards.elements import load_elements

# Rule to the element of the other column; the issue stands at the one that is derived from it.
OTHER_ELEMENT: Final[Mapping[str, str]] = {
    "BIRTH_MISMATCH": "citizen_id",
    "SEX_MISMATCH": "citizen_id",
    "USCC_ORG_CODE_MISMATCH": "uscc",
}
_CALLED: Final[Mapping[str, Sequence[str]]] = {
    "citizen_id": ("号码", "身份证", "证件号"),
    "uscc": ("信用代码", "统一代码", "USCC"),
    "birth_date": ("出生日期", "日期", "生日"),
    "sex_code": ("性别",),
    "organization_code": ("组织机构代码", "机构代码"),
}
# Not 无误, 没有错, 不改: what is denied is not said.
_WRONG = "[^，。；！,;.!无没不未]{0,8}?(?:写错|有误|错误|错|误|不对|不符|更正|改)"
_RIGHT = "[^，。；！,;.!]{0,8}?(?:无误|没有?错|正确|属实|为准)"
_BOTH = "均|都|两项|两者|二者|一致"
_NUMBER = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{15,20}(?![0-9A-Z])")
_LABEL = re.compile(r"^[^0-9：:=]{0,20}[：:=]|^(?:应为|改为|是)")
_BETWEEN = " \t\r\n，,；;、/|和"


def other_column(source: Source, rule: str) -> str | None:
    """The column that contradicts that of the issue; None: the rule is of one column."""
    element = OTHER_ELEMENT.get(rule)
    found = (column.name for column in source.columns if element and column.element == element)
    return next(found, None)


def split_correction(text: str) -> tuple[str | None, str | None]:
    """What is typed for the column of the issue, and for the other one, which holds a long number.

    ``1990-03-07``, ``110101199003079999``, ``1990-03-07；号码 110101199003079999``.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    parts = [each for each in re.split(r"[;\n]", plain) if each.strip()]  # NFKC made ； of it
    closed = [re.sub(r"[\s\-]", "", each).upper() for each in parts]
    numbers = [each for each in closed if re.fullmatch(r"[0-9A-Z]{15,20}", each)]
    if len(numbers) == 1:
        others = [part for part, each in zip(parts, closed, strict=True) if each not in numbers]
        return (_bare(others[0]) or None if others else None), numbers[0]
    number = _NUMBER.search(plain.upper())
    if number is None:
        return text, None
    rest = _bare(plain[: number.start()]) or _bare(plain[number.end() :])
    return rest or None, number.group()


def says_other_is_wrong(note: str, source: Source, rule: str, column: str) -> bool:
    """Whether a statement on the issue says that it is the other of the two columns that is wrong.

    Also where it says that this one is right, and of the other nothing: one of them is wrong.
    """
    other = other_column(source, rule)
    if other is None or not note:
        return False
    theirs, ours = _names(source, other), _names(source, column)
    if re.search(f"(?:{theirs}){_WRONG}", note, re.IGNORECASE):
        return True
    other_is_right = re.search(f"(?:{theirs}){_RIGHT}|{_BOTH}", note, re.IGNORECASE)
    return not other_is_right and bool(re.search(f"(?:{ours}){_RIGHT}", note, re.IGNORECASE))


def route_answers(answers: pa.Table, asked: pa.Table, sources: Mapping[str, Source]) -> pa.Table:
    """Give every answer its ``target`` and what is ``stated``: ``ROUTED_SCHEMA``.

    Args:
        answers: ``ANSWER_SCHEMA``; an answer with two corrections becomes two rows.
        asked: The issues that they name, ``ANSWERED_ISSUE_SCHEMA``.
        sources: The contracts.
    """
    of_two = {
        issue["fingerprint"]: (sources[issue["source"]], issue["rule"], issue["column_name"])
        for issue in asked.select(["fingerprint", "source", "rule", "column_name"]).to_pylist()
        if issue["rule"] in OTHER_ELEMENT and issue["source"] in sources
    }
    named = answers.column("fingerprint").to_pylist()
    place = [number for number, name in enumerate(named) if name in of_two]
    schema = pa.schema([*answers.schema, ("target", pa.string()), ("stated", pa.string())])
    if not place:
        return _filled(answers, schema)
    plain = answers.filter(pa.array([name not in of_two for name in named]))
    routed = [
        row
        for answer in answers.take(place).to_pylist()
        for row in _routed(answer, *of_two[answer["fingerprint"]])
    ]
    return pa.concat_tables([_filled(plain, schema), pa.Table.from_pylist(routed, schema)])


def _routed(
    answer: Mapping[str, Any], source: Source, rule: str, column: str
) -> Sequence[Mapping[str, object]]:
    """One answer as one row for each of the two columns that it corrects."""
    other, text = other_column(source, rule), answer["correction"]
    own, theirs = split_correction(text) if text and other else (text, None)
    stated = says_other_is_wrong(answer["note"], source, rule, column) and theirs is None
    typed = {column: own, other: theirs}
    targets = [name for name, value in typed.items() if value is not None] or [column]
    return [
        {
            **answer,
            "correction": typed[target],
            "target": target,
            "stated": other if stated else None,
        }
        for target in targets
    ]


def _filled(answers: pa.Table, schema: pa.Schema) -> pa.Table:
    nothing = pa.nulls(answers.num_rows, pa.string())
    return pa.table([*answers.columns, nothing, nothing], schema=schema)


def _bare(text: str) -> str:
    """A typed value without what separates and labels it."""
    return _LABEL.sub("", text.strip(_BETWEEN)).strip(_BETWEEN) if _has_value(text) else ""


def _has_value(text: str) -> bool:
    """Whether more than the label of the number is there."""
    return bool(re.search(r"[0-9]|[男女]", text))


def _names(source: Source, name: str) -> str:
    """What people call a column, as alternatives of a regular expression."""
    column = next((each for each in source.columns if each.name == name), None)
    if column is None:
        return re.escape(name)
    names = [column.physical_name, column.title, *_CALLED.get(column.element or "", ())]
    if column.element and column.element != "text":
        names.append(load_elements()[column.element].title)
    return "|".join(re.escape(each) for each in dict.fromkeys(names) if each)
