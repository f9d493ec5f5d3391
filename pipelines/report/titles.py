"""Names of columns, and what to do about a finding, as mail and repair sheet both write them."""

from pipelines.contracts.source import Source, SourceColumn
from pipelines.libraries import load_libraries
from pipelines.quality.two_columns import other_column
from pipelines.report.codes import allowed_codes
from pipelines.report.words import vocabulary
from pipelines.standards.elements import load_elements
from pipelines.standards.rules import Rule

UNKNOWN_CODE = "UNKNOWN_CODE"
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


def element_of(source: Source, name: str | None) -> str | None:
    """The element of a column, mapped or of the library's golden record."""
    column = next((each for each in source.columns if each.name == name), None)
    if column is not None:
        return column.element
    library = load_libraries().get(source.library)
    golden = library.columns.get(name or "") if library else None
    return golden.element_name if golden else None


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
    words = vocabulary(language).words
    if (other := other_column(source, rule.code)) is not None:
        return words["repair_two"].format(
            own=column_title(source, column), other=column_title(source, other)
        )
    element = declared.element if declared else None
    if rule.code != UNKNOWN_CODE or element is None:
        return rule.repair_in(language)
    if codes := allowed_codes(element, language):
        return words["allowed"].format(codes=codes)
    about = {"title": column_title(source, column), "standard": load_elements()[element].standard}
    return (
        words["allowed_standard"].format(**about) if about["standard"] else rule.repair_in(language)
    )
