"""References between libraries: a licence's holder is a person or a legal entity."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from pipelines.libraries import Library, Link, load_library
from pipelines.resolve.compare import normal_form


def link_entities(core: ir.Table, library: Library, targets: Mapping[str, ir.Table]) -> ir.Table:
    """Add to golden records the ids of the entities of other libraries that they refer to.

    A reference is made where exactly one entity of the other library has the value. The links of
    one name are tried in the declared order; the first that finds somebody stands.

    Args:
        core: ``Merged.core`` of ``library``.
        library: Declares the links.
        targets: Library name to its golden records; one that is not built yet may be left out.

    Returns:
        ``core`` plus ``library.link_columns``: ids, and ``<name>_rule``, NULL where nobody is
        found.
    """
    for name in dict.fromkeys(link.name for link in library.links):
        core = _link(core, [link for link in library.links if link.name == name], targets)
    return core


def _link(core: ir.Table, links: Sequence[Link], targets: Mapping[str, ir.Table]) -> ir.Table:
    found = core
    tried = [link for link in links if link.library in targets]
    for place, link in enumerate(tried):
        found = _look_up(found, f"__found_{place}", link, targets[link.library])
    winners = [(found[f"__found_{place}"].notnull(), place) for place in range(len(tried))]
    winner = ibis.cases(*winners, else_=None) if winners else ibis.null("int64")

    added: dict[str, ir.Value] = {}
    for column in dict.fromkeys(link.column for link in links):
        here = [
            (winner == place, found[f"__found_{place}"])
            for place, link in enumerate(tried)
            if link.column == column
        ]
        added[column] = ibis.cases(*here, else_=None) if here else ibis.null("string")
    rules = [(winner == place, link.claim) for place, link in enumerate(tried)]
    added[f"{links[0].name}_rule"] = (
        ibis.cases(*rules, else_=None) if rules else ibis.null("string")
    )
    return found.select(*core.columns, **added)


def _look_up(core: ir.Table, column: str, link: Link, target: ir.Table) -> ir.Table:
    """Add the id of the one entity that has the values; NULL for none, several, or ruled out."""
    elements = [load_library(link.library).columns[c].element_name for c in link.equal.values()]
    keys = [f"__key_{place}" for place in range(len(elements))]
    ours = _keys(core, list(link.equal), elements, keys)
    theirs = _keys(target, list(link.equal.values()), elements, keys)
    known = target.select(target.entity_id, **theirs)
    known = known.filter(*(known[key].notnull() for key in keys))
    counted = known.group_by(keys).agg(holders=known.count(), **{column: known.entity_id.min()})
    sole = counted.filter(counted.holders == 1).drop("holders")
    ruled_out = [core[where].isin(list(values)) for where, values in link.unless.items()]
    out = ibis.or_(*ruled_out).fill_null(False) if ruled_out else ibis.literal(False)
    asked = {key: ibis.ifelse(out, ibis.null("string"), value) for key, value in ours.items()}
    joined = core.mutate(**asked).left_join(sole, keys)
    return joined.select(*core.columns, column)


def _keys(
    table: ir.Table, columns: Sequence[str], elements: Sequence[str], keys: Sequence[str]
) -> Mapping[str, ir.StringValue]:
    triples = zip(keys, columns, elements, strict=True)
    return {key: normal_form(table[column], element) for key, column, element in triples}
