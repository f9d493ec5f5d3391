"""Codes: what people write in a code column, looked up in the code table of the element.

A code table (``standards/code_tables/<name>.csv``) has the columns ``code``, ``name`` and ``also``,
the other spellings, separated by ``|``. What is in none of them becomes NULL with a finding: an
unknown code never gets a default.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, partial

import ibis.expr.types as ir

from pipelines.clean.characters import TEXT_STEPS, is_placeholder, remove_spaces, upper
from pipelines.clean.parsing.parser import Derive, Lookup, Parsed, Parser, PlainForm, Scratch
from pipelines.errors import DeclarationRefused
from pipelines.standards.code_tables import TABLES_DIR, load_code_table


@cache
def sex_code() -> Parser:
    """The parser of ``sex_code``, GB/T 2261.1: 0 and 9 are kept, and noted as saying nothing."""
    return _parser("sex", unspecified=("0", "9"))


@cache
def ethnicity_code() -> Parser:
    """The parser of ``ethnicity_code``, GB/T 3304, with 97 and 98 of the household register."""
    return _parser("ethnicity", unspecified=("97",))


@cache
def marital_code() -> Parser:
    """The parser of ``marital_code``, GB/T 2261.2; one digit is read as in GB 4766-1984."""
    return _parser("marital", unspecified=("90",))


@cache
def entity_status() -> Parser:
    """The parser of ``entity_status``, GB/T 36104 状态. Codes are read as that table's."""
    return _parser("entity_status", unspecified=("9",))


@cache
def license_status() -> Parser:
    """The parser of ``license_status``: our own words; 01 to 07 as the construction ministry's."""
    return _parser("license_status", unspecified=("other",))


@cache
def holder_type() -> Parser:
    """The parser of ``holder_type``, GB/T 36903 持证主体代码类型."""
    return _parser("holder_type")


@cache
def spellings(table: str) -> Mapping[str, Sequence[str]]:
    """Every spelling that a code table knows, in the form that values are compared in.

    Returns:
        Columns ``spelling`` (unique) and ``code``.

    Raises:
        DeclarationRefused: the table gives one spelling two codes.
    """
    columns = load_code_table(table)
    code_of: dict[str, str] = {}
    rows = zip(columns["code"], columns["name"], columns["also"], strict=True)
    for code, name, also in rows:
        for spelling in (code, name, *also.split("|")):
            form = unicodedata.normalize("NFKC", spelling).replace(" ", "").upper()
            if code_of.setdefault(form, code) != code and form:
                raise DeclarationRefused(
                    TABLES_DIR / f"{table}.csv",
                    form,
                    f"stands for {code_of[form]} and for {code}.",
                    "Leave it to one of them.",
                )
    code_of.pop("", None)
    return {"spelling": [*code_of], "code": [*code_of.values()]}


def _parser(table: str, unspecified: Sequence[str] = ()) -> Parser:
    find = Lookup(
        on="form",
        key="spelling",
        fields={"code": "code"},
        rows=partial(spellings, table),
        schema={"spelling": "string", "code": "string"},
    )
    steps = (*TEXT_STEPS, Derive(lambda s: {"form": upper(remove_spaces(s.text))}), find)
    plain = PlainForm(partial(_is_plain, table, unspecified))
    return Parser(steps, lambda s: _finish(s, unspecified), plain=plain)


def _is_plain(
    table: str, unspecified: Sequence[str], text: ir.StringValue, _as_of: date
) -> ir.BooleanValue:
    """A code as the table writes it. Names repeat themselves: the parser sees each once."""
    return text.isin([code for code in load_code_table(table)["code"] if code not in unspecified])


def _finish(s: Scratch, unspecified: Sequence[str]) -> Parsed:
    unknown = (s.text != "") & s.code.isnull()
    placeholder = is_placeholder(s.text)
    findings: dict[str, ir.BooleanValue] = {
        "PLACEHOLDER": unknown & placeholder,
        "UNKNOWN_CODE": unknown & ~placeholder,
    }
    if unspecified:
        findings["UNSPECIFIED_CODE"] = s.code.isin(unspecified)
    return Parsed(s.code, findings)
