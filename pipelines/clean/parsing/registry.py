"""Registry of parsers: loads the parser that a data element names."""

from functools import cache
from importlib import import_module
from pathlib import Path

from pipelines.clean.parsing.parser import Parser
from pipelines.errors import DeclarationRefused
from pipelines.libraries import Library
from pipelines.standards.elements import DataElement

_names: dict[Parser, str] = {}


def parser_for(element: DataElement) -> Parser:
    """The parser of a data element.

    ``identifiers.citizen_id`` is the function ``citizen_id()`` of ``pipelines.clean.identifiers``;
    the element's ``parameters`` are its arguments.

    Raises:
        DeclarationRefused: the element names a module or function that does not exist, gives it
            parameters that it cannot use, or the parser's type is not the element's.
    """
    parameters = tuple(sorted(element.parameters.items()))
    parser = _load(element.name, element.parser, parameters, element.file)
    if parser.type != element.type:
        raise DeclarationRefused(
            element.file,
            f"{element.name}.type",
            f"is {element.type}, but its parser {element.parser} makes {parser.type}.",
            "Make the two agree.",
        )
    return parser


def parser_name(parser: Parser) -> str | None:
    """What a parser was made of: its function and parameters; None if no element names it.

    Two parsers of one name say the same, as long as the code does.
    """
    return _names.get(parser)


def refuse_unknown_companions(library: Library) -> None:
    """Every parser of a library's columns, and the companions that the library wants of it.

    Raises:
        DeclarationRefused: a parser cannot be made, or makes no companion of that name.
    """
    for column in library.columns.values():
        made = parser_for(column.element).companions
        for key, wanted in (("companions", column.companions), ("evidence", column.evidence)):
            for suffix in wanted.keys() - made.keys():
                raise DeclarationRefused(
                    library.file,
                    f"columns.{column.name}.{key}",
                    f"wants {suffix!r}, which {column.element.parser} does not make.",
                    f"Write one of {', '.join(made) or 'none: it makes none'}.",
                )


@cache
def _load(
    element: str, dotted: str, parameters: tuple[tuple[str, str | int], ...], file: Path
) -> Parser:
    module_name, _, function_name = dotted.rpartition(".")
    try:
        module = import_module(f"pipelines.clean.{module_name}")
        function = getattr(module, function_name)
    except (ImportError, AttributeError, ValueError) as missing:
        raise DeclarationRefused(
            file,
            f"{element}.parser",
            f"names {dotted}, which cannot be loaded: {missing}.",
            "Name module.function below pipelines.clean.",
        ) from missing
    try:
        parser = function(**dict(parameters))
    except (TypeError, ValueError) as wrong:
        told = ", ".join(f"{name}={value!r}" for name, value in parameters) or "no parameters"
        raise DeclarationRefused(
            file,
            f"{element}.parameters",
            f"{dotted} cannot be made with {told}: {wrong}.",
            "Give it the parameters that docs/elements.md names.",
        ) from wrong
    if not isinstance(parser, Parser):
        raise DeclarationRefused(
            file, f"{element}.parser", f"names {dotted}, which is no parser.", "Name one that is."
        )
    _names.setdefault(parser, f"{dotted} {parameters}")
    return parser
