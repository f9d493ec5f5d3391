"""Registry of consistency rules: loads the function that a library's declaration names."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from pipelines.errors import DeclarationRefused
from pipelines.libraries import Contradiction, Library, load_libraries
from pipelines.quality.contradiction.world import RuleFunction


def refuse_unknown_functions(library: Library) -> None:
    """The function of every rule that a library declares.

    Raises:
        DeclarationRefused: see ``function_of``.
    """
    for one in library.contradictions:
        function_of(one, library.file)


def record_columns(library: str) -> Sequence[str]:
    """What the rules of all libraries ask of single records of this one, each column once.

    Raises:
        DeclarationRefused: see ``function_of``.
    """
    rules = [(one, each.file) for each in load_libraries().values() for one in each.contradictions]
    asked = [function_of(one, file).asks.get(library, ()) for one, file in rules]
    return list(dict.fromkeys(column for columns in asked for column in columns))


def function_of(one: Contradiction, file: Path) -> RuleFunction:
    """The function of a rule; ``file`` declares the rule.

    ``persons.event_after_death`` is ``event_after_death()`` of
    ``pipelines.quality.contradiction.persons``.

    Raises:
        DeclarationRefused: the function does not exist, is no rule, or judges the records of
            another library.
    """
    field = f"contradictions.{one.rule}.find"
    module_name, _, function_name = one.find.rpartition(".")
    try:
        module = import_module(f"pipelines.quality.contradiction.{module_name}")
        function = getattr(module, function_name)
    except (ImportError, AttributeError, ValueError) as missing:
        problem = f"names {one.find!r}, which cannot be loaded: {missing}."
        remedy = "Name module.function below pipelines.quality.contradiction."
        raise DeclarationRefused(file, field, problem, remedy) from missing
    if not isinstance(function, RuleFunction):
        problem = f"names {one.find!r}, which is no rule."
        raise DeclarationRefused(file, field, problem, "Name a function marked with @judges.")
    if function.library != one.library:
        problem = f"names {one.find!r}, which judges records of {function.library}."
        remedy = f"Name a function that judges records of {one.library}."
        raise DeclarationRefused(file, field, problem, remedy)
    return function
