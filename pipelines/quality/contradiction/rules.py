"""The consistency rules across libraries: those that can be asked, and what they find.

Each library declares the rules that judge its records (``contradictions`` in its file).
A finding is addressed to the source of the record that should be repaired: that of the department
that can (domain.md 3.3, 4.8), a licence's issuer or an organisation's registrar. Only where one
department alone reports a death, and life goes on elsewhere, it is the death that is doubted.
"""

from collections.abc import Callable, Mapping, Sequence

import ibis
import ibis.expr.types as ir

from pipelines.libraries import Contradiction, libraries_in_order, load_libraries, load_library
from pipelines.quality.contradiction.functions import function_of
from pipelines.quality.contradiction.world import World
from pipelines.quality.discrepancy import AGREEMENT_SCHEMA, DUE_SCHEMA, FINDING_SCHEMA, Compared
from pipelines.standards.elements import Mask, load_elements
from pipelines.standards.rules import severities


def declared_contradictions() -> list[Contradiction]:
    """All rules that libraries declare, in the order in which libraries are built."""
    return [
        one for library in libraries_in_order(load_libraries()) for one in library.contradictions
    ]


def other_masks() -> Mapping[str, Mask]:
    """How another department's value in a finding is masked, by rule."""
    return {one.rule: load_elements()[one.other].mask for one in declared_contradictions()}


def contradictions_of(library: str, world: World, seeing: str | None = None) -> list[Contradiction]:
    """The rules that judge records of a library and can be asked in this world.

    With ``seeing``, only those that also look at that other library.
    """
    return [
        one
        for one in load_library(library).contradictions
        if world.libraries.keys() >= {library, *one.needs}
        and (seeing is None or seeing in {*one.needs, *one.sees})
    ]


def find_contradictions(
    rules: Sequence[Contradiction], world: World, materialise: Callable[[ir.Table], ir.Table]
) -> list[Compared]:
    """What each rule finds, and how often it could be asked.

    ``materialise`` computes a table once, for two answers are made of it.

    Raises:
        DeclarationRefused: a rule names no function that judges records of its library.
    """
    functions = [function_of(one, load_library(one.library).file) for one in rules]
    return [
        _compared(one, materialise(function(world)))
        for one, function in zip(rules, functions, strict=True)
    ]


def _compared(one: Contradiction, judged: ir.Table) -> Compared:
    about = {"rule": ibis.literal(one.rule)}
    finding = judged.filter(judged.wrong).mutate(
        **about, severity=ibis.literal(severities()[one.rule])
    )
    counted = judged.group_by("source", "column_name").agg(
        compared=judged.count(), agreed=(~judged.wrong).sum()
    )
    turning = judged.filter(judged.due.notnull())
    return Compared(
        finding.select(*FINDING_SCHEMA.names).cast(FINDING_SCHEMA),
        counted.mutate(**about).select(*AGREEMENT_SCHEMA.names).cast(AGREEMENT_SCHEMA),
        turning.group_by("source").agg(day=turning.due.min()).cast(DUE_SCHEMA),
    )
