"""Authority of sources: the rank of a record's department in a column's authority order."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir


def authority_rank(source: ir.StringValue, authority: Sequence[str]) -> ir.IntegerValue:
    """Place of a source's department in an authority order; last if it is not listed."""
    department = source.split("__")[0]
    ranks = [(department == name, place) for place, name in enumerate(authority)]
    return ibis.cases(*ranks, else_=len(authority)).cast("int64")
