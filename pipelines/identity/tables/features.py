"""Features for the comparisons besides the comparison keys, computed once per record.

Only records in a candidate pair get features.
"""

import math
from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from pipelines.compare.characters import character_similarity
from pipelines.compare.lunar import with_solar_dates
from pipelines.compare.values import normal_form

# What the library's records have beyond the compared keys; carried in the working set.
CARRIED: Mapping[str, Mapping[str, str]] = {
    "person": {"citizen_id_damaged": "string", "is_dotted": "boolean"},
    "legal_entity": {
        "uscc_damaged": "string",
        "plain_name": "string",
        "core_name": "string",
        "former_name": "string",
        "organization_name_brand": "string",
        "organization_name_industry": "string",
        "legal_representative_citizen_id": "string",
    },
}
# 有限责任公司 is 有限公司 in keys already; people leave out 有限 and 股份, too.
_FORM = "(?:股份)?(?:有限)?公司$"
# A surname or character that too few of a model's persons had to be kept is at most this frequent.
_RAREST = 2.0**-10
_LONGEST_CHINESE_NAME = 4


def carried(records: ir.Table, entity: str) -> Mapping[str, ir.Value]:
    """Columns of the working set that only scoring needs."""
    made: dict[str, ir.Value] = {}
    if entity == "person":
        made["is_dotted"] = records.person_name.contains("·").fill_null(False)
    if entity == "legal_entity":
        made["plain_name"] = normal_form(records.organization_name, "organization_name")
        made["core_name"] = made["plain_name"].re_replace(_FORM, "").nullif("")
        former = records.organization_name_former.split("；")[0]
        made["former_name"] = normal_form(former, "organization_name")
    kept = {name: records[name] for name in CARRIED.get(entity, {}) if name not in made}
    return kept | made


def with_features(rows: ir.Table, entity: str, frequencies: Mapping[str, float]) -> ir.Table:
    """Rows of the working set with what the comparisons of this entity need.

    Args:
        rows: Records in a candidate pair.
        entity: Whose comparisons.
        frequencies: Share of names with this surname or, behind ``+``, of given-name characters.
    """
    if entity == "person":
        numbered = rows.mutate(some_number=ibis.coalesce(rows.citizen_id, rows.citizen_id_damaged))
        dated = with_solar_dates(_with_house(numbered, "residence_address"), "birth_date")
        return _with_rarity(dated, frequencies)
    if entity == "legal_entity":
        numbered = rows.mutate(some_number=ibis.coalesce(rows.uscc, rows.uscc_damaged))
        return _with_house(numbered, "registered_address")
    return rows


def _with_house(rows: ir.Table, column: str) -> ir.Table:
    """Parts of an address: numbers (of 12号3单元401 "12 3 401"), house and street."""
    address = rows[column]
    numbers = address.re_replace("[^0-9]+", " ").strip()
    street = address.re_extract("^[^0-9]*", 0).re_replace("(?:第|门牌)$", "")
    found = {"numbers": numbers, "house": numbers.re_extract("^[0-9]+", 0), "street": street}
    return rows.mutate(**{f"{column}_{name}": value for name, value in found.items()})


def with_name_similarity(pairs: ir.Table, entity: str) -> ir.Table:
    """Pairs with how many characters of their names sound or look alike."""
    column = {"person": "person_name", "legal_entity": "core_name"}[entity]
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
    are as frequent as their bits say, to a factor of three). Transliterated names are chosen whole
    from few, and count as common: 0.
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
    whole = weighed.person_name.length() > _LONGEST_CHINESE_NAME
    part_bits = ibis.ifelse(whole, 0.0, weighed.bits.fill_null(rarest))
    # Rounded, or what is added first would show in the last digit, and at a level's border.
    bits = weighed.group_by("person_name").agg(name_bits=part_bits.sum().round(6))
    return rows.left_join(bits, "person_name").drop("person_name_right")
