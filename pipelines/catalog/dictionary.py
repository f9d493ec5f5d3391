"""The data dictionary: tables, columns and rules, as Markdown derived from the declarations."""

from collections.abc import Iterator

from pipelines.libraries import Library, load_libraries
from pipelines.standards.rules import load_rules


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
