"""References between libraries: a licence's holder, an organisation's legal representative."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from pipelines.clean.names.variants import unify_variants
from pipelines.compare.values import names_compatible, normal_form
from pipelines.libraries import Library, Link, load_library


def link_entities(
    core: ir.Table,
    library: Library,
    targets: Mapping[str, ir.Table],
    further: Mapping[str, ir.Table] | None = None,
) -> ir.Table:
    """Add to golden records the ids of the entities of other libraries that they refer to.

    A reference is made where exactly one entity of the other library has the values, and nothing
    that both know rules it out. The links of one name are tried in the declared order; the first
    that finds an entity counts.

    Args:
        core: ``Merged.core`` of ``library``.
        library: Declares the links.
        targets: Library name to its golden records; one that is not built yet may be left out.
        further: Library name to ``Merged.further_identifier`` of it, so that who has two numbers is
            found by either.

    Returns:
        ``core`` plus ``library.link_columns``: ids, and ``<name>_rule``, NULL where nobody is
        found.
    """
    known = {
        name: with_further_identifiers(target, load_library(name), (further or {}).get(name))
        for name, target in targets.items()
    }
    for name in dict.fromkeys(link.name for link in library.links):
        core = _link(core, [link for link in library.links if link.name == name], known)
    return core


def with_further_identifiers(
    core: ir.Table, library: Library, further: ir.Table | None
) -> ir.Table:
    """Golden records, and once more with each further strong identifier of an entity."""
    if further is None:
        return core
    strong = library.identity.strong
    again = core.drop(strong).inner_join(further.select("entity_id", strong), "entity_id")
    return core.union(again.select(*core.columns), distinct=False)


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
    excluded = [core[where].isin(list(values)) for where, values in link.unless.items()]
    out = ibis.or_(*excluded).fill_null(False) if excluded else ibis.literal(False)
    keys = {
        f"__key_{place}": ibis.ifelse(out, ibis.null("string"), _key(core[here], link, there))
        for place, (here, there) in enumerate(link.equal.items())
    }
    joined = core.mutate(**keys).left_join(_sole(target, link), list(keys))
    differing = [
        _differ(joined[here], joined[f"__opposite_{there}"], link, there)
        for here, there in link.unless_differ.items()
    ]
    differs = ibis.or_(*differing) if differing else ibis.literal(False)
    found = ibis.ifelse(differs, ibis.null("string"), joined["__found"])
    return joined.select(*core.columns, **{column: found})


def _sole(target: ir.Table, link: Link) -> ir.Table:
    """Per combination of the values that one entity alone has: ``__key_0`` …, ``__found``.

    ``__opposite_<column>``: what may rule the link out.
    """
    keys = {f"__key_{n}": _key(target[c], link, c) for n, c in enumerate(link.equal.values())}
    known = target.mutate(**keys)
    for column in link.sole:
        borne = known.mutate(__borne=_key(known[column], link, column))
        bearers = borne.group_by("__borne").agg(bearers=borne.entity_id.nunique())
        known = borne.semi_join(bearers.filter(bearers.bearers == 1), "__borne")
    known = known.filter(*(known[key].notnull() for key in keys))
    # Who is there twice, with two numbers, is one entity; a link by number has come before.
    opposite = {f"__opposite_{c}": known[c].min() for c in link.unless_differ.values()}
    counted = known.group_by(list(keys)).agg(
        __holders=known.entity_id.nunique(), __found=known.entity_id.min(), **opposite
    )
    return counted.filter(counted["__holders"] == 1).drop("__holders")


def _key(value: ir.Value, link: Link, column: str) -> ir.StringValue:
    """Comparison key; which element it is of, the library that is pointed to says."""
    element = load_library(link.library).columns[column].element_name
    key = normal_form(value, element)
    return unify_variants(key) if element in _NAMES else key


def _differ(ours: ir.Value, theirs: ir.Value, link: Link, column: str) -> ir.BooleanValue:
    """Both known, and not compatible."""
    left, right = _key(ours, link, column), _key(theirs, link, column)
    is_name = load_library(link.library).columns[column].element_name == "person_name"
    same = names_compatible(left, right) if is_name else left == right
    return (~same).fill_null(False)


_NAMES = ("person_name", "organization_name")
