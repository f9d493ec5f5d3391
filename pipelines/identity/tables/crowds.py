"""Places where many live: a village group (组), a dormitory, a village.

That two records share such a place proves little, and in a village of one surname a name proves
less than in town. So a record knows how many people are on file at its place, and how frequent its
surname is among them (term frequency within the place)::

    crowd(place)           = different names on file at the place
    surname_here(n, place) = names at the place with the surname of n / crowd(place)
"""

from dataclasses import dataclass

import ibis.expr.types as ir

from pipelines.identity.tables.temp_tables import TempTables

# Different names at one address from which it is no household's: five people, two tenants before,
# and their names written in two ways.
CROWDED = 12


@dataclass(frozen=True)
class Crowds:
    """``people``: ``its_place, crowd``. ``shares``: ``the_place, surname, same`` (names)."""

    people: ir.Table
    shares: ir.Table


def crowds_of(work: ir.Table, place: str, name: str, temp: TempTables) -> Crowds:
    """The places where many live, and the surnames there.

    Args:
        work: Comparison keys, one row per record.
        place: The column of addresses.
        name: The column of names.
        temp: Where intermediate tables are materialised.
    """
    known = work.filter(work[place].notnull(), work[name].notnull())
    sizes = known.group_by(place).agg(n=known.count())
    many = sizes.filter(sizes.n > CROWDED)
    named = temp.materialise(known.semi_join(many, place).select(place, name).distinct())
    people = named.group_by(its_place=named[place]).agg(crowd=named.count())
    shares = named.group_by(the_place=named[place], surname=named[name].left(1)).agg(
        same=named.count()
    )
    crowds = temp.materialise(people.filter(people.crowd > CROWDED))
    return Crowds(crowds, temp.materialise(shares))


def with_crowds(work: ir.Table, crowds: Crowds, place: str, name: str) -> ir.Table:
    """Add ``crowd`` and ``surname_here``, both NULL where the place is no crowd's."""
    joined = work.left_join(crowds.people, work[place] == crowds.people.its_place)
    shares = crowds.shares
    same_place = joined.its_place == shares.the_place
    joined = joined.left_join(shares, [same_place, joined[name].left(1) == shares.surname])
    return joined.select(*work.columns, "crowd", surname_here=joined.same / joined.crowd)
