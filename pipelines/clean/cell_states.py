"""What a text says that is no value, whatever its column: spreadsheet errors, formulas, protection.

A spreadsheet writes the name of an error where a value should be, in workbooks and in the text that
it exports; a formula that was never calculated is text that begins with ``=``. Neither is a value
of any element. Text that would look like a number is protected by a sign before it (``'007``,
``="007"``), which belongs to no value either.
"""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

CELL_ERROR = "CELL_ERROR"
FORMULA_WITHOUT_RESULT = "FORMULA_WITHOUT_RESULT"

# ECMA-376 18.17.3, and what later versions of Excel and LibreOffice added.
_ERRORS = (
    r"(?i)^\s*(?:#(?:N/A|REF!|VALUE!|NAME\?|NULL!|NUM!|DIV/0!|GETTING_DATA|SPILL!|CALC!|FIELD!|"
    r"BLOCKED!|CONNECT!|BUSY!|UNKNOWN!|EXTERNAL!|TIMEOUT!|PYTHON!)|Err:5[0-9]{2})\s*$"
)
# A protected text is ="…" and nothing more; a lone = is a stroke like any other.
_FORMULA = r"^\s*=\s*[-+@$({\[']?[A-Za-z0-9_\x{4e00}-\x{9fff}].*"
_PROTECTED = r'^\s*="(?:[^"]|"")*"\s*$'


def state_of(text: ir.StringValue) -> ir.StringValue:
    """Code of the rule that a text breaks by being no value; NULL for a value."""
    return ibis.cases(
        (~text.re_search("^[ \t]*(?:[#=]|Err:)"), ibis.null("string")),
        (text.re_search(_ERRORS), CELL_ERROR),
        (text.re_search(_FORMULA) & ~text.re_search(_PROTECTED), FORMULA_WITHOUT_RESULT),
        else_=ibis.null("string"),
    )


def without_values_of_states(
    made: ir.Table, severity_of: Mapping[str, str], also: Sequence[str] = ()
) -> ir.Table:
    """What parsers made of texts; one with a ``state`` has no value and that one finding only.

    Args:
        made: ``raw``, ``value`` and its companions, ``broken``, ``state``; and ``due``, if it has
            one, which stays as it is.
        severity_of: Rule code to severity.
        also: Further columns to keep.
    """
    # ``get``, for no parser has these rules: a score counts them where it judges the indicator.
    severity = severity_of.get(CELL_ERROR, "error")
    broken = ibis.array([ibis.struct({"rule": made.state, "severity": severity})])
    values = {
        name: ibis.ifelse(made.state.isnull(), made[name], None)
        for name in made.columns
        if name.startswith("value")
    }
    kept = ibis.ifelse(made.state.isnull(), made.broken, broken.cast(made.broken.type()))
    due = ("due",) if "due" in made.columns else ()
    return made.select("raw", *also, *due, **values, broken=kept)


def without_protection(text: ir.StringValue) -> ir.StringValue:
    """A text without the signs that protect it in a spreadsheet."""
    return ibis.ifelse(
        text.re_search("^[='`‘’＇]"),
        text.re_replace(r'^="((?:[^"]|"")*)"$', r"\1").re_replace("^['`‘’＇]+", "").strip(),
        text,
    )
