"""Records that call a person by something else than his name: 王先生, 王*强, 狗娃.

Such a word is no evidence for a name and none against one, beyond the surname and the sex that it
says. A form of address is no value already; a home name is known by its form, unless somebody is
registered under exactly that name.
"""

import ibis
import ibis.expr.types as ir

from pipelines.compare.called import is_informal, sex_said, surname_said
from pipelines.identity.tables.authority import authority_rank
from pipelines.libraries import Library

_PART = "person_name_other"
_SEX = "sex_code"


def with_names_alone(work: ir.Table, records: ir.Table, name: str, library: Library) -> ir.Table:
    """``work`` without home names in ``name``, and with ``surname_said``, of those who have none.

    Args:
        work: Comparison keys, one row per record.
        records: ``library_records``; their ``person_name_other`` has what is a part of a name.
        name: The column of names.
        library: Who is authoritative for names, and the strong identifier.
    """
    forms = work.filter(is_informal(work[name])).select(name).distinct()
    registered = _registered(work, name, library).semi_join(forms, name)
    informal = forms.anti_join(registered, name).select(word=name)
    joined = work.left_join(informal, work[name] == informal.word)
    joined = joined.left_join(_parts(records), ["source", "source_key"])
    said = ibis.coalesce(joined.word, joined.part)
    changed = {
        name: ibis.ifelse(joined.word.isnull(), joined[name], ibis.null("string")),
        "surname_said": surname_said(said),
    }
    if _SEX in work.columns:
        changed[_SEX] = ibis.coalesce(joined[_SEX], sex_said(joined.part))
    return joined.mutate(**changed).select(*work.columns, "surname_said")


def _parts(records: ir.Table) -> ir.Table:
    """What is said in place of a name, where the library keeps it."""
    if _PART not in records.columns:
        none = records.filter(ibis.literal(False))
        return none.select("source", "source_key", part=ibis.null("string"))
    parts = records.filter(records[_PART].notnull(), records.person_name.isnull())
    return parts.select("source", "source_key", part=_PART)


def _registered(work: ir.Table, name: str, library: Library) -> ir.Table:
    """Names under a number in the most authoritative sources that are there."""
    numbered = work.filter(work[library.identity.strong].notnull(), work[name].notnull())
    ranked = numbered.select(
        name, rank=authority_rank(work.source, library.columns[name].authority)
    )
    best = ranked.aggregate(best=ranked["rank"].min())
    return ranked.cross_join(best).filter(lambda t: t["rank"] == t.best).select(name).distinct()
