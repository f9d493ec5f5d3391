"""Build and validate the mapped columns of a contract."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from open_data_contract_standard.model import SchemaObject, SchemaProperty

from pipelines.contracts.column_names import trimmed
from pipelines.contracts.faults import Faults
from pipelines.contracts.money_units import is_currency, is_unit, unit_in_name
from pipelines.contracts.options import Options, read_options
from pipelines.contracts.references import References
from pipelines.contracts.servers.files import read_encoding
from pipelines.contracts.source import DateOrder, SourceColumn
from pipelines.standards.elements import load_companions

COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]*")
LONGEST_NAME = 55  # PostgreSQL cuts names at 63 bytes, and ours get prefixes
# Columns that the pipeline adds to records, or works with beside them.
RESERVED = frozenset(
    {
        *("findings", "reasons", "record", "reject_reasons", "entity_id", "source", "batch"),
        *("since_batch", "since_order", "version_rank", "size", "places", "rows", "finding"),
    }
)
TIMES = ("timestamp", "date")
_WHERE = "schema[0].properties"
_PROPERTIES = ("unit", "currency", "decimal_mark", "thousands_mark", "date_order", "encoding")
_THOUSANDS = (",", ".", " ", "'", "")


def build_columns(
    table: SchemaObject, references: References, library: str, faults: Faults
) -> tuple[SourceColumn, ...]:
    """The mapped columns of a table, in order; everything wrong with them goes to ``faults``."""
    columns = []
    for index, written in enumerate(table.properties or []):
        where = f"{_WHERE}[{index}]"
        _check_name(where, written, references, library, faults)
        if written.semanticType is not None:
            faults.one_of(
                f"{where}.semanticType", written.semanticType, references.elements, "a data element"
            )
        _check_golden(where, written, references, library, faults)
        columns.append(_build(where, written, faults))
    _check_together(columns, references, faults)
    return tuple(columns)


def _build(where: str, written: SchemaProperty, faults: Faults) -> SourceColumn:
    physical = trimmed(written.physicalName or written.name or "")
    if not physical:
        problem = "The column's name at the source is blank."
        remedy = "Write its name; a column without one is called column_3, by its place."
        faults.add(f"{where}.physicalName", written.physicalName, problem, remedy)
    extra = read_options(written.customProperties, _PROPERTIES, where, faults, others=True)
    is_money = written.semanticType == "money"
    mark = extra.choice("decimal_mark", (".", ","), "a decimal mark") or "."
    thousands = extra.choice("thousands_mark", _THOUSANDS, "a thousands mark")
    column = SourceColumn(
        name=written.name or "",
        physical_name=physical,
        element=written.semanticType,
        required=bool(written.required),
        primary_key=bool(written.primaryKey),
        title=written.businessName or written.physicalName or "",
        unit=_unit(extra) or (unit_in_name(physical) if is_money else None),
        currency=_currency(extra),
        decimal_mark=mark,
        thousands_mark=("." if mark == "," else ",") if thousands is None else thousands,
        date_order=extra.choice("date_order", get_args(DateOrder), "an order of dates"),  # type: ignore[arg-type]
        encoding=_encoding(extra),
    )
    _check_marks(extra, column)
    _check_meaning(extra, column)
    return column


def _unit(extra: Options) -> str | None:
    unit = extra.line("unit")
    if unit is not None and not is_unit(unit):
        problem = "This is no unit of money."
        remedy = "Write for example 万元, 亿元, 元, 万美元."
        extra.faults.add(f"{extra.where}.customProperties.unit", unit, problem, remedy)
        return None
    return unit


def _currency(extra: Options) -> str | None:
    code = extra.line("currency")
    if code is not None and not is_currency(code):
        problem = "This is no currency that is known here."
        remedy = "Write its code (ISO 4217), for example CNY, USD, HKD."
        extra.faults.add(f"{extra.where}.customProperties.currency", code, problem, remedy)
    return code


def _encoding(extra: Options) -> str | None:
    if "encoding" not in extra:
        return None
    where = f"{extra.where}.customProperties.encoding"
    return read_encoding(extra.text("encoding"), where, extra.faults)


def _check_marks(extra: Options, column: SourceColumn) -> None:
    if column.decimal_mark == column.thousands_mark:
        problem = "One mark cannot stand before decimals and between thousands."
        where = f"{extra.where}.customProperties.thousands_mark"
        extra.faults.add(where, column.thousands_mark, problem, "Correct one of the two.")


def _check_meaning(extra: Options, column: SourceColumn) -> None:
    """Refuse what says nothing about a column of this meaning."""
    money_only = ("unit", "currency", "decimal_mark", "thousands_mark")
    about: dict[str, tuple[str, ...]] = dict.fromkeys(money_only, ("money",))
    about["date_order"] = (*TIMES, "birth_date")
    for name in extra.values:
        elements = about.get(name)
        if elements and column.element not in elements:
            extra.faults.add(
                f"{extra.where}.customProperties.{name}",
                extra.values[name],
                f"This says nothing about a column of the element {column.element}.",
                f"Remove it, or map the column to {' or '.join(elements)}.",
            )


def _check_name(
    where: str, written: SchemaProperty, references: References, library: str, faults: Faults
) -> None:
    name = written.name or ""
    if not COLUMN_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        faults.add(
            f"{where}.name",
            name,
            f"A column's name here is lower-case English, at most {LONGEST_NAME} letters.",
            "Write letters, digits and _, and put the department's own name in physicalName.",
        )
    golden = references.libraries.get(library)
    made = golden is not None and name in golden.record_columns and name not in golden.columns
    if name in RESERVED or made:
        faults.add(
            f"{where}.name",
            name,
            "The pipeline adds a column of this name itself.",
            f"Choose another name, for example source_{name}.",
        )
    if name == "changed_at" and written.semanticType not in TIMES:
        faults.add(
            f"{where}.semanticType",
            written.semanticType,
            "The column changed_at says which version of a record is newer, so it is a time.",
            "Write semanticType: timestamp (or date), or give the column another name.",
        )


def _check_golden(
    where: str, written: SchemaProperty, references: References, library: str, faults: Faults
) -> None:
    """A column that feeds the golden record must mean what the golden record means."""
    if library not in references.libraries:
        return
    golden = references.libraries[library].columns.get(written.name or "")
    element = written.semanticType
    if golden is None or element == golden.element_name:
        return
    if element is None or element in references.elements:  # else the element itself is a fault
        faults.add(
            f"{where}.semanticType",
            element,
            f"The library's {golden.name} is of the element {golden.element_name}.",
            f"Write semanticType: {golden.element_name}, or give the column another name.",
        )


def _check_together(columns: list[SourceColumn], references: References, faults: Faults) -> None:
    if not columns:
        faults.add(_WHERE, None, "No column is mapped.", "List the columns to take.")
    elif not any(column.primary_key for column in columns):
        faults.add(
            _WHERE,
            None,
            "Nothing identifies a record: no column is the primary key.",
            "Mark the column(s) that do with primaryKey: true.",
        )
    elif any(c.name == "source_key" and not c.primary_key for c in columns):
        faults.add(
            _WHERE,
            "source_key",
            "This name is kept for the primary key.",
            "Add primaryKey: true, or choose another name.",
        )
    for name, count in Counter(column.name for column in columns).items():
        if count > 1:
            faults.add(_WHERE, name, f"{count} columns have this name.", "Rename all but one.")
    mapped = Counter((c.physical_name, c.element) for c in columns)
    for (physical, _), count in mapped.items():
        if count > 1:
            faults.add(
                _WHERE,
                physical,
                f"{count} columns take the same column for the same.",
                "Remove all but one.",
            )
    _check_elements(columns, references, faults)
    _check_companions(columns, faults)


def _check_elements(
    columns: Sequence[SourceColumn], references: References, faults: Faults
) -> None:
    for element, count in Counter(c.element for c in columns if c.element).items():
        declared = references.elements.get(element)
        if count > 1 and declared is not None and not declared.repeatable:
            faults.add(
                _WHERE,
                element,
                f"{count} columns are mapped to this element, which "
                "identifies and can be there once.",
                "Keep the mapping of one; leave semanticType out of the others.",
            )


def _check_companions(columns: Sequence[SourceColumn], faults: Faults) -> None:
    """A column must not be called as one that cleaning adds beside another."""
    named = {column.name for column in columns}
    added = Counter(name for column in columns for name in _companions(column))
    for name, count in added.items():
        if name in named or count > 1:
            faults.add(
                _WHERE,
                name,
                "Cleaning adds a column of this name beside another column.",
                f"Choose another name, for example source_{name}.",
            )


def _companions(column: SourceColumn) -> Iterator[str]:
    for suffix in load_companions().get(column.element or "text", ()):
        yield f"{column.name}_{suffix}"
