"""Names of columns, and what to do about a finding, as mail and repair sheet both write them."""

from functools import cache

from pipelines.contracts.source import Source, SourceColumn
from pipelines.libraries import load_libraries
from pipelines.quality.two_columns import other_column
from pipelines.report.words import vocabulary
from pipelines.standards.code_tables import load_code_table
from pipelines.standards.elements import load_elements
from pipelines.standards.rules import Language, Rule

UNKNOWN_CODE = "UNKNOWN_CODE"
MOST_CODES = 12  # a longer list is no answer that fits into a cell
# Elements that fit any column: their titles (日期) say nothing of this one.
_OF_ANY_COLUMN = ("text", "date", "timestamp", "money")


def column_title(source: Source, name: str | None) -> str:
    """What a column is called, with its name in the department's system behind: 出生日期（CSRQ）.

    "" for the row as a whole.
    """
    column = next((each for each in source.columns if each.name == name), None)
    if column is None:
        return name or ""
    physical = column.physical_name
    if source.reporting.language == "en":
        term = column.name.replace("_", " ")
        return physical if term == physical else f"{physical} ({term})"
    term = column.title if column.title not in ("", physical) else _term(source, column)
    plain = any("\u4e00" <= letter <= "\u9fff" for letter in physical)
    return physical if plain or not term else f"{term}（{physical}）"


def _term(source: Source, column: SourceColumn) -> str:
    """What the declarations call a column that its contract gives no title; "" if nothing does."""
    if column.element is None:
        return ""
    if column.element not in _OF_ANY_COLUMN:
        return load_elements()[column.element].title
    library = load_libraries().get(source.library)
    golden = library.columns.get(column.name) if library else None
    return golden.title_override if golden else ""


def repair_text(rule: Rule, column: str | None, source: Source) -> str:
    """What to do about a finding; of an unknown code, the codes that may be written."""
    language = source.reporting.language
    declared = next((each for each in source.columns if each.name == column), None)
    table = load_elements()[declared.element].code_table if declared and declared.element else None
    words = vocabulary(language).words
    if (other := other_column(source, rule.code)) is not None:
        return words["repair_two"].format(
            own=column_title(source, column), other=column_title(source, other)
        )
    codes = _codes(table, language) if table and rule.code == UNKNOWN_CODE else ""
    return words["allowed"].format(codes=codes) if codes else rule.repair_in(language)


def allowed_codes(element: str | None, language: Language) -> str:
    """The codes that may be written in a column; "" where they are no short list."""
    known = load_elements().get(element or "")
    return _codes(known.code_table, language) if known and known.code_table else ""


@cache
def _codes(table: str, language: Language) -> str:
    """``10 未婚、20 已婚``; "" of a table that is too long to be read, or has no names."""
    try:
        columns = load_code_table(table)
    except FileNotFoundError:  # regions and industries are made of several tables
        return ""
    codes, names = columns.get("code", ()), columns.get("name", ())
    if not names or len(codes) > MOST_CODES:
        return ""
    each = codes if language == "en" else [f"{c} {n}" for c, n in zip(codes, names, strict=True)]
    return vocabulary(language).words["and"].join(each)
