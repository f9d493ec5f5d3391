"""The data dictionary: elements, tables, columns and rules, as Markdown from the declarations."""

import re
from collections.abc import Iterator

from pipelines.clean.parsing.registry import parser_for
from pipelines.clean.parsing.rules_of import rules_of
from pipelines.libraries import Library, load_libraries
from pipelines.standards.elements import load_elements
from pipelines.standards.rules import load_rules

# YAML folds a line break into a space, which Chinese does not have between characters.
_FOLDED = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")


def describe_data() -> str:
    """``docs/data-dictionary.md``: every published column, and every rule a value can break."""
    lines = [
        "# Data dictionary",
        "",
        "Written by `make docs` from the declarations in `pipelines/standards/` and",
        "`pipelines/libraries/`; column comments in PostgreSQL say the same.",
    ]
    for library in load_libraries().values():
        lines += _describe_library(library)
    lines += ["", "## Rules", "", "| code | severity | 问题 | 怎么改 | clause | GB/T 36344 |"]
    lines += ["|---|---|---|---|---|---|"]
    lines += [
        f"| `{rule.code}` | {rule.severity} | {rule.zh} | {rule.repair_zh} | {rule.clause} "
        f"| {rule.indicator} |"
        for rule in load_rules().values()
    ]
    return "\n".join([*lines, ""])


def describe_elements() -> str:
    """``docs/elements.md``: what a contract's ``semanticType`` can name."""
    lines = [
        "# Data elements",
        "",
        "What a column can mean: the names that a source contract's `semanticType` takes.",
        "Written by `make docs` from `pipelines/standards/elements.yml`.",
        "",
        "| semanticType | 数据元 | standard | type | code table | sensitivity | mask | 说明 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{element.name}` | {element.title} | {element.standard or '—'} | {element.type} "
        f"| {element.code_table or '—'} | {element.sensitivity} | {element.mask} "
        f"| {_FOLDED.sub('', element.description.strip())} |"
        for element in load_elements().values()
    ]
    return "\n".join([*lines, ""])


def describe_element_rules() -> str:
    """``standards/element_rules.yml``: per element, the rules that its parser knows."""
    lines = [
        "# Which rules the parser of each element can find broken. Written by `make docs` from the",
        "# parsers; do not edit.",
    ]
    for name, element in load_elements().items():
        lines += [f"{name}:", *(f"  - {rule}" for rule in sorted(rules_of(element)))]
    return "\n".join([*lines, ""])


def describe_companions() -> str:
    """``standards/companions.yml``: per element, the suffixes of the columns beside it."""
    lines = [
        "# Suffixes of the columns that the parser of each element adds. Written by `make docs`",
        "# from the parsers; do not edit.",
    ]
    for name, element in load_elements().items():
        suffixes = ", ".join(sorted(parser_for(element).companions))
        lines.append(f"{name}: [{suffixes}]")
    return "\n".join([*lines, ""])


def _describe_library(library: Library) -> Iterator[str]:
    yield ""
    yield f"## `base.{library.entity}` — {library.title}"
    yield ""
    yield "| column | 数据元 | type | standard | sensitivity | authority, first wins |"
    yield "|---|---|---|---|---|---|"
    yield f"| `entity_id` | {library.entity_title}标识 | string | — | public | baselib |"
    for column in library.columns.values():
        element = column.element
        yield (
            f"| `{column.name}` | {column.title} | {column.type} | {element.standard or '—'} "
            f"| {element.sensitivity} | {' › '.join(column.authority)} |"
        )
        for name, kind in column.companion_types.items():
            yield f"| `{name}` | {column.title}（附属） | {kind} | | {element.sensitivity} | |"
    for name, target in library.link_columns.items():
        meaning = f"→ `base.{load_libraries()[target].entity}`" if target else "why it was linked"
        yield f"| `{name}` | {meaning} | string | | public | baselib |"
