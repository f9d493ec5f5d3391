"""No place compares batch ids as texts: 20260630-2 was delivered before 20260630-10.

The one rule is ``batch_key`` (Python), ``batch_order`` (Ibis), ``delivered_order`` (SQLAlchemy).
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
CODE = sorted(
    file
    for folder in ("pipelines", "dags", "plugins")
    for file in (PROJECT / folder).rglob("*.py")
    if "__pycache__" not in file.parts
)
BATCH = re.compile(r"^(\w*_)?batch(es)?$")
ORDERING = {"order_by", "sort", "sorted", "max", "min", "argmax", "argmin", "desc", "asc"}
REMEDY = "compare batch ids by batch_key, batch_order or delivered_order"
# Order of no consequence: a manifest's bounds are those of texts, whatever they mean.
ALLOWED = {("pipelines/lake/listing.py", "_may_hold")}


def _is_batch(node: ast.expr) -> bool:
    """A bare batch id (or several): a name, an attribute, a column of that name."""
    if isinstance(node, ast.Name):
        return bool(BATCH.match(node.id))
    if isinstance(node, ast.Attribute):
        return bool(BATCH.match(node.attr))
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and bool(BATCH.match(node.value))
    if isinstance(node, ast.Subscript):
        return _is_batch(node.slice)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "encode" and _is_batch(node.func.value)
    return isinstance(node, ast.List | ast.Tuple) and any(map(_is_batch, node.elts))


def _orders_batches(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        by_order = any(isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in node.ops)
        return by_order and any(map(_is_batch, (node.left, *node.comparators)))
    if not isinstance(node, ast.Call):
        return False
    keywords = {each.arg for each in node.keywords}
    if isinstance(node.func, ast.Attribute) and node.func.attr in ORDERING:
        return any(map(_is_batch, node.args)) or (
            node.func.attr != "order_by" and not node.args and _is_batch(node.func.value)
        )
    if isinstance(node.func, ast.Name) and node.func.id in ORDERING and "key" not in keywords:
        return any(map(_is_batch, node.args))
    return any(
        each.arg in {"order_by", "key"} and _is_batch(each.value)
        for each in node.keywords
        if each.arg
    )


def violations(text: str, file: str) -> Iterator[str]:
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef) and (file, function.name) not in ALLOWED:
            for node in ast.walk(function):
                if _orders_batches(node):
                    yield f"{file}:{node.lineno} in {function.name}"  # type: ignore[attr-defined]


def test_no_place_compares_batch_ids_as_texts():
    found = sorted(
        {
            each
            for file in CODE
            for each in violations(file.read_text(encoding="utf-8"), str(file.relative_to(PROJECT)))
        }
    )
    assert found == [], REMEDY


@pytest.mark.parametrize(
    "wrong",
    [
        "table.order_by('source', 'batch')",
        "row.batch.desc()",
        "max(batches)",
        "sorted(since_batch)",
        "row['batch'] > batch",
        "over(group_by=x, order_by=told.batch)",
        "told._batch.max()",
    ],
)
def test_the_check_can_fail(wrong):
    assert list(violations(f"def f():\n    return {wrong}\n", "any.py"))


@pytest.mark.parametrize(
    "right",
    ["max(batches, key=batch_key)", "batch_order(row.batch).desc()", "batch_key(a) < batch_key(b)"],
)
def test_the_rule_itself_is_allowed(right):
    assert not list(violations(f"def f():\n    return {right}\n", "any.py"))
