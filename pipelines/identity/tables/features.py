"""Features for the comparisons besides the comparison keys, computed once per record.

Only records in a candidate pair get features.
"""

import math
from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from pipelines.compare.called import has_surname
from pipelines.compare.characters import character_similarity
from pipelines.compare.lunar import with_solar_dates
from pipelines.compare.values import normal_form
from pipelines.identity.tables.villages import TOWN
from pipelines.libraries import Library
from pipelines.libraries.scores import columns_for_scores

# Comparisons and blocking rules -> what they need that is derived of names.
_DERIVED: Mapping[frozenset[str], Sequence[str]] = {
    frozenset({"person_name"}): ("is_dotted",),
    frozenset({"organization_name", "plain_name", "former_name"}): (
        *("plain_name", "core_name", "former_name"),
    ),
}
# The comparison of names to the column whose characters it compares; a library has one of them.
_COMPARED_NAMES: Mapping[str, str] = {
    "person_name": "person_name",
    "organization_name": "core_name",
}
_ADDRESSES = ("residence_address", "registered_address")
# 有限责任公司 is 有限公司 in keys already; people leave out 有限 and 股份, too.
_FORM = "(?:股份)?(?:有限)?公司$"
# A surname or character that too few of a model's persons had to be kept is at most this frequent.
_RAREST = 2.0**-10


def carried(records: ir.Table, library: Library) -> Mapping[str, ir.Value]:
    """Columns of the working set that only scoring needs, besides golden columns."""
    names = carried_columns(library)
    result: dict[str, ir.Value] = {}
    if "is_dotted" in names:
        result["is_dotted"] = records.person_name.contains("·").fill_null(False)
    if "plain_name" in names:
        result["plain_name"] = normal_form(records.organization_name, "organization_name")
        result["core_name"] = result["plain_name"].re_replace(_FORM, "").nullif("")
        former = records.organization_name_former.split("；")[0]
        result["former_name"] = normal_form(former, "organization_name")
    return {name: records[name] for name in names if name not in result} | result


def carried_columns(library: Library) -> Sequence[str]:
    """Names of what ``carried`` makes."""
    scores = library.identity.scores
    named = {*scores.comparisons, *(each for each in scores.blocking if isinstance(each, str))}
    derived = [name for users, names in _DERIVED.items() if users & named for name in names]
    companions = [each for each in columns_for_scores(library) if each not in library.columns]
    return [*companions, *derived]


def with_features(rows: ir.Table, library: Library, frequencies: Mapping[str, float]) -> ir.Table:
    """Rows of the working set with what the comparisons of the library need.

    Args:
        rows: Records in a candidate pair.
        library: Whose comparisons.
        frequencies: Share of names with this surname or, behind ``+``, of given-name characters.
    """
    compared, strong = library.identity.scores.comparisons, library.identity.strong
    if "some_number" in compared:
        number = ibis.coalesce(rows[strong], rows[f"{strong}_damaged"])
        rows = rows.mutate(some_number=number)
    for column in (each for each in _ADDRESSES if each in compared):
        rows = _with_house(rows, column)
    if "birth_date" in compared:
        rows = with_solar_dates(rows, "birth_date")
    return _with_rarity(rows, frequencies) if "person_name" in compared else rows


def _with_house(rows: ir.Table, column: str) -> ir.Table:
    """Parts of an address: numbers (of 12号3单元401 "12 3 401"), house and street; and the town in
    front of a village, with the rest of it.
    """
    address = rows[column]
    town = address.re_extract(f"^({TOWN}).*[村组]", 1)
    numbers = address.re_replace("[^0-9]+", " ").strip()
    street = address.re_extract("^[^0-9]*", 0).re_replace("(?:第|门牌)$", "")
    found = {"numbers": numbers, "house": numbers.re_extract("^[0-9]+", 0), "street": street}
    found |= {"town": town, "local": address.substr(town.length())}
    return rows.mutate(**{f"{column}_{name}": value for name, value in found.items()})


def with_name_similarity(pairs: ir.Table, library: Library) -> ir.Table:
    """Pairs with how many characters of their names sound or look alike, if names are compared."""
    named = [each for each in _COMPARED_NAMES if each in library.identity.scores.comparisons]
    return _with_name_similarity(pairs, _COMPARED_NAMES[named[0]]) if named else pairs


def _with_name_similarity(pairs: ir.Table, column: str) -> ir.Table:
    names = pairs.select(mine=pairs[column], its=pairs[f"{column}_other"]).distinct()
    level = (names.mine.length() == names.its.length()) & (names.mine != names.its)
    likeness = character_similarity(names.filter(level))
    counts = ("sounds", "looks", "lost", "other")
    named = likeness.rename({f"name_{count}": count for count in counts})
    joined = pairs.left_join(
        named, [pairs[column] == named.mine, pairs[f"{column}_other"] == named.its]
    ).drop("mine", "its")
    filled = {f"name_{count}": joined[f"name_{count}"].fill_null(0) for count in counts}
    mirrored = {f"name_{count}_other": filled[f"name_{count}"] for count in counts}
    return joined.mutate(**filled, **mirrored)


def name_frequencies(names: ir.Table) -> ir.Table:
    """``part`` (surname, or + and a given-name character) and its ``share``, of person names.

    Args:
        names: ``person_name``, one row per person.
    """
    han = names.filter(names.person_name.re_search(r"^[\x{4e00}-\x{9fff}]{2,4}$"))
    surnames = han.group_by(part=han.person_name.left(1)).agg(n=han.count())
    place = ibis.range(1, han.person_name.length()).unnest()
    placed = han.mutate(place=place)
    signs = placed.mutate(part=ibis.literal("+") + placed.person_name.substr(placed.place, 1))
    given = signs.group_by("part").agg(n=signs.count())
    return surnames.mutate(share=surnames.n / surnames.n.sum()).union(
        given.mutate(share=given.n / given.n.sum()), distinct=False
    )


def _with_rarity(rows: ir.Table, frequencies: Mapping[str, float]) -> ir.Table:
    """``name_bits``: minus log2 of how frequent the name would be if its parts were independent.

    So they are, nearly, in Chinese names of two to four characters (measured: pairs of namesakes
    are as frequent as their bits say, to a factor of three). Transliterated names, which begin with
    no surname, are chosen whole from few, and count as common: 0.
    """
    known = ibis.memtable(
        pa.table(
            {
                "part": pa.array(list(frequencies), pa.string()),
                "bits": pa.array([-math.log2(f) for f in frequencies.values()], pa.float64()),
            }
        )
    )
    rarest = -math.log2(_RAREST)
    names = rows.filter(rows.person_name.notnull()).select("person_name").distinct()
    placed = names.mutate(place=ibis.range(0, names.person_name.length()).unnest())
    sign = placed.person_name.substr(placed.place, 1)
    parts = placed.mutate(part=ibis.ifelse(placed.place == 0, sign, ibis.literal("+") + sign))
    weighed = parts.left_join(known, "part")
    whole = ~has_surname(weighed.person_name)
    part_bits = ibis.ifelse(whole, 0.0, weighed.bits.fill_null(rarest))
    # Rounded, or what is added first would show in the last digit, and at a level's border.
    bits = weighed.group_by("person_name").agg(
        name_bits=part_bits.sum().round(6), surname_bits=part_bits.max(where=weighed.place == 0)
    )
    joined = rows.left_join(bits, "person_name").drop("person_name_right")
    return joined.mutate(name_bits_here=_bits_here(joined)).drop("surname_bits")


def _bits_here(rows: ir.Table) -> ir.FloatingValue:
    """``name_bits`` with the surname's frequency at the record's place, where many live there."""
    if "surname_here" not in rows.columns:
        return rows.name_bits
    here = ibis.least(rows.surname_bits, -rows.surname_here.log2())
    return ibis.coalesce((rows.name_bits - rows.surname_bits + here).round(6), rows.name_bits)
