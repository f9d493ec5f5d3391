"""Small changes to a module, found in its syntax tree: one mutant each."""

import ast
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# Methods that return something of their object's own type: without the call, another value of it.
_DROPPED = {
    *("filter", "distinct", "fill_null", "strip", "upper", "lower", "casefold", "desc", "order_by"),
    *("anti_join", "semi_join", "having", "removeprefix", "removesuffix", "sort", "nullif"),
}
_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult, ast.Mod: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip

Change = Callable[[], None]


@dataclass(frozen=True)
class Mutant:
    """One change: where, what stood there and what stands there instead, and the module with it."""

    file: Path
    line: int
    before: str
    after: str
    source: str


def sample(files: Sequence[Path], size: int, seed: int) -> list[Mutant]:
    """So many mutants of the modules, spread over all of their lines, in an order of chance.

    The same for a seed, so that a sample can be gone through in parts.
    """
    texts = {file: file.read_text(encoding="utf-8") for file in sorted(files)}
    counted = {file: sum(1 for _ in _places(ast.parse(text))) for file, text in texts.items()}
    every = [(file, number) for file, places in counted.items() for number in range(places)]
    chosen = random.Random(seed).sample(every, min(size, len(every)))
    made = (mutant(file, texts[file], number) for file, number in chosen)
    return [each for each in made if each.before != each.after]


def mutant(file: Path, text: str, number: int) -> Mutant:
    """The mutant at one of the places of a module."""
    tree = ast.parse(text)
    node, change = next(each for place, each in enumerate(_places(tree)) if place == number)
    line, before = node.lineno, ast.unparse(node)
    change()
    return Mutant(file, line, before, ast.unparse(node), ast.unparse(tree))


def _places(tree: ast.Module) -> Iterator[tuple[ast.stmt | ast.expr, Change]]:
    """Nodes that can be changed, each with its change."""
    for node in _code(tree):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
            yield node, _set(node.ops, 0, _COMPARISONS[type(node.ops[0])]())
        elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            yield node, _put(node, "op", _OPERATORS[type(node.op)]())
        elif isinstance(node, ast.BoolOp):
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield node, _put(node, "op", other)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
            yield node, _become(node, node.operand)
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int):
            other_value = not node.value if isinstance(node.value, bool) else node.value + 1
            yield node, _put(node, "value", other_value)
        elif _is_result(node) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            yield node, _put(node, "value", ast.Constant(None))
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _DROPPED
        ):
            yield node, _become(node, node.func.value)


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that are run: no annotation, no decorator, no text of an error."""
    skipped = {"annotation", "returns", "decorator_list", "type_comment"}
    for name, value in ast.iter_fields(tree):
        if name in skipped or isinstance(tree, ast.Raise | ast.Import | ast.ImportFrom):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child
                yield from _code(child)


def _is_result(node: ast.AST) -> bool:
    """A ``return`` of something other than None."""
    is_return = isinstance(node, ast.Return) and node.value is not None
    return is_return and getattr(node.value, "value", node) is not None


def _set(where: list[ast.cmpop], place: int, value: ast.cmpop) -> Change:
    def change() -> None:
        where[place] = value

    return change


def _put(node: ast.AST, name: str, value: object) -> Change:
    return lambda: setattr(node, name, value)


def _become(node: ast.expr, other: ast.expr) -> Change:
    """The node is what its parent refers to, so it takes over the other one's kind and fields."""

    kept, kind = {name: getattr(other, name) for name in other._fields}, type(other)

    def change() -> None:
        for name in node._fields:
            delattr(node, name)
        node.__class__ = kind
        for name, value in kept.items():
            setattr(node, name, value)

    return change
