"""One fault is told once: of two findings that say the same of a value, the more exact one stays.

A wrong month in a citizen id breaks its check digit, too; a slip among the characters of the
organisation code breaks both check characters of the USCC. ``told_by`` in ``rules.yml`` says which
rule tells of the fault of which other.
"""

import ibis
import ibis.expr.types as ir

from pipelines.standards.rules import load_rules


def told_once(texts: ir.Table) -> ir.Table:
    """Parsed texts whose ``broken`` rules are without those of which another one tells.

    Of the texts, which are computed already, and not of the rows: an expression of a row's findings
    is as long as its columns together, and would stand in the statement once for each rule.
    """
    several = texts.broken.length() > 1
    left = texts.broken.filter(lambda each: ~_is_told(each["rule"], texts.broken))
    return texts.mutate(broken=ibis.ifelse(several, left, texts.broken))


def _is_told(rule: ir.StringValue, broken: ir.ArrayValue) -> ir.BooleanValue:
    told = [
        (rule == declared.code) & broken.map(lambda each: each["rule"]).contains(other)
        for declared in load_rules().values()
        for other in declared.told_by
    ]
    return ibis.or_(*told)
