"""Registry of parsers: loads the parser that a data element names."""

from functools import cache
from importlib import import_module

from pipelines.clean.parser import Parser
from pipelines.errors import DeclarationRefused
from pipelines.standards.elements import ELEMENTS_FILE, DataElement


def parser_for(element: DataElement) -> Parser:
    """The parser of a data element.

    ``identifiers.citizen_id`` is the function ``citizen_id()`` of ``pipelines.clean.identifiers``.

    Raises:
        DeclarationRefused: the element names a module or function that does not exist, or the
            parser's type is not the element's.
    """
    parser = _load(element.name, element.parser)
    if parser.type != element.type:
        raise DeclarationRefused(
            ELEMENTS_FILE,
            f"{element.name}.type",
            f"is {element.type}, but its parser {element.parser} makes {parser.type}.",
            "Make the two agree.",
        )
    return parser


@cache
def _load(element: str, dotted: str) -> Parser:
    module_name, _, function_name = dotted.rpartition(".")
    try:
        module = import_module(f"pipelines.clean.{module_name}")
        function = getattr(module, function_name)
    except (ImportError, AttributeError) as missing:
        raise DeclarationRefused(
            ELEMENTS_FILE,
            f"{element}.parser",
            f"names {dotted}, which cannot be loaded: {missing}.",
            "Name module.function below pipelines.clean.",
        ) from missing
    parser: Parser = function()
    return parser
