"""Rows with findings of a batch, one row per finding: what repair sheet and counts show."""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from pipelines.clean.masking import hide_numbers, mask
from pipelines.contracts.source import Source
from pipelines.keyed_digests import add_fingerprint, record_key
from pipelines.libraries import load_libraries
from pipelines.quality.contradiction import other_masks
from pipelines.quality.two_columns import other_column
from pipelines.report.difference import how_codes_differ, how_they_differ
from pipelines.report.owner.defects import RAGGED, UNDECODABLE, line_fault
from pipelines.standards.elements import Mask, load_elements

# What was found may be more sensitive than the column is meant to be, or be no value but a place.
BY_RULE: dict[str, Mask] = {
    "CITIZEN_ID_IN_USCC": "identity_number",
    **dict.fromkeys(("KEY_SHARED", RAGGED, UNDECODABLE), "none"),
}
# A value that stands for none (无, 不详) tells nothing about anybody.
NO_SECRETS = ("PLACEHOLDER", "NO_VALUE")
WRONG_CODES, _LONGEST_CODE = ("UNKNOWN_CODE", "UNSPECIFIED_CODE"), 4
_DATES = ("DATE_FORM", "DATE_INVALID", "PARTIAL_DATE")
_EMPTY_DATE = r"^[0\-/. :年月日]+$"
# Rule to the companion of the other column that says what the issue's column should be.
IMPLIED: Mapping[str, str] = {
    "BIRTH_MISMATCH": "birth_date",
    "SEX_MISMATCH": "sex_code",
    "USCC_ORG_CODE_MISMATCH": "organization_code",
}
_MANY = 2  # rows with one wrong code: a name that slipped into the column is there once
ORDER = ("file", "line", "column", "rule", "fingerprint")

_ROW = {
    "file": "string",
    "line": "int64",
    "source_key": "string",
    "record_key": "string",
    "column": "string",
    "rule": "string",
    "severity": "string",
    "value": "string",
    "is_quarantined": "boolean",
    "other_source": "string",
    "other_value": "string",
    "beside": "string",
    "beside_value": "string",
    "implied": "string",
}


def bad_rows(
    staged: ir.Table,
    quarantined: ir.Table,
    source: Source,
    key: str,
    compared: ir.Table | None = None,
    columns: int | None = None,
) -> ir.Table:
    """List every finding of severity error or warning, and every reason for quarantine.

    Args:
        staged: One batch of ``staged.<source>``.
        quarantined: The same batch of ``quarantine.<source>``.
        source: The contract.
        key: The site's secret, for the names of issues.
        compared: ``identity.<entity>_finding``: where this source disagrees with others.
        columns: How many the delivery has; of a line that is no record, its defect then
            stands in place of a value.

    Returns:
        Columns ``fingerprint, file, line, source_key, record_key, column, rule, severity, value,
        is_quarantined, other_source, other_value, beside, beside_value, implied, shared``, **not
        masked**; see ``masked``. ``beside`` is the column that the issue's contradicts, ``implied``
        what that one says of it, ``shared`` how many rows have the same value under the same rule.
        ``column`` is
        NULL for what concerns the whole row; ``file`` and ``line`` where ``compared`` speaks of a
        record that this batch did not deliver.
    """
    found = _findings(staged, source, quarantined=False).union(
        _findings(quarantined, source, quarantined=True)
    )
    rows = found.union(_reasons(quarantined, source, columns))
    if compared is not None:
        rows = rows.union(_disagreements(compared, staged, source))
    same = [rows["column"], rows["rule"], rows["value"]]
    counted = rows.mutate(shared=rows.count().over(ibis.window(group_by=same)))
    return add_fingerprint(counted, source.name, key)


def masked(rows: ir.Table, source: Source, *, original: bool = False) -> ir.Table:
    """The bad rows as a person outside the database may see them; ``differ``: how two values do.

    Args:
        rows: As ``bad_rows`` makes them.
        source: The contract; gives each column's element and so its mask.
        original: The owner's own values and keys stay as they are (for a locked workbook);
            another department's value is masked all the same.
    """
    columns = column_masks(source)
    other = _mask_by_column(rows, "other_value", columns, {**BY_RULE, **other_masks()})
    shown = rows.mutate(other_value=other, differ=_difference(rows, columns, source))
    if not original:
        beside = _mask_by_column(rows, "beside_value", columns, at="beside")
        shown = shown.mutate(beside_value=beside)
        shown = shown.mutate(
            value=ibis.ifelse(
                is_no_secret(rows),
                hide_numbers(rows["value"]),
                hide_numbers(_mask_by_column(rows, "value", columns)),
            ),
            source_key=hide_numbers(mask(rows["source_key"], key_mask(source))),
        )
    return shown.drop("record_key", "shared", "implied")


def shown_value(rows: ir.Table, name: str, source: Source) -> ir.StringValue:
    """A text of a column as the sheet shows it; an empty one as "".

    Args:
        rows: ``column, rule, shared`` and the text.
        name: Of the column that holds the text.
        source: The contract.
    """
    masked_text = _mask_by_column(rows, name, column_masks(source))
    return ibis.ifelse(is_no_secret(rows, name), rows[name], masked_text)


def examples(rows: ir.Table, per_group: int = 3) -> ir.Table:
    """The first ``per_group`` bad rows of each column and rule, in the order of the delivery."""
    rank = ibis.row_number().over(group_by=["column", "rule"], order_by=["file", "line", "value"])
    return rows.mutate(rank=rank).filter(lambda t: t["rank"] < per_group).drop("rank")


def impact(rows: ir.Table, records: ir.Table | None) -> ir.Table:
    """How many rows break each rule in each column, and how many entities that affects.

    Args:
        rows: As ``bad_rows`` makes them.
        records: ``identity.<entity>_record`` of the source, ``source_key, entity_id``; None before
            the first resolution. A record that belongs to no entity yet counts as one of its own.

    Returns:
        Columns ``column, rule, rows, entities, between, earlier``: whether another department's
        data were compared, and how many of the rows this batch did not deliver.
    """
    return (
        _with_entity(rows, records)
        .group_by("column", "rule")
        .agg(
            rows=lambda t: t.count(),
            entities=lambda t: t.who.nunique(),
            between=lambda t: t.other_source.notnull().any(),
            earlier=lambda t: (t.other_source.notnull() & t["file"].isnull()).sum(),
        )
    )


def affected_entities(rows: ir.Table, records: ir.Table | None) -> ir.IntegerScalar:
    """How many entities any bad row affects; arguments as of ``impact``."""
    return _with_entity(rows, records).who.nunique()


def column_masks(source: Source) -> Mapping[str, Mask]:
    """How each column, mapped or golden, is masked before a person outside the database sees it."""
    elements = load_elements()
    library = load_libraries().get(source.library)
    golden = library.columns.values() if library else ()
    masks: dict[str, Mask] = {c.name: elements[c.element_name].mask for c in golden}
    return masks | {
        c.name: elements[c.element].mask if c.element else "none" for c in source.columns
    }


def coded_columns(source: Source) -> Mapping[str, str]:
    """Columns, mapped or golden, whose values are codes, each with its table."""
    elements, library = load_elements(), load_libraries().get(source.library)
    named = {c.name: c.element_name for c in (library.columns.values() if library else ())}
    named |= {c.name: c.element for c in source.columns if c.element}
    tables = {name: elements[element].code_table for name, element in named.items()}
    return {name: table for name, table in tables.items() if table}


def key_mask(source: Source) -> Mask:
    """How the record key must be masked: by its element, or wholly if it is made of several."""
    masks = {column_masks(source)[column.name] for column in source.key_columns} - {"none"}
    if not masks:
        return "none"
    return masks.pop() if len(source.key_columns) == 1 else "all"


def _with_entity(rows: ir.Table, records: ir.Table | None) -> ir.Table:
    if records is None:
        return rows.mutate(who=rows["record_key"])
    # a record belongs to one entity; grouped, so that nothing is counted twice if it did not
    entity_of = records.group_by(record_key="source_key").agg(entity_id=records.entity_id.min())
    joined = rows.left_join(entity_of, "record_key")
    return joined.mutate(who=ibis.coalesce(joined["entity_id"], joined["record_key"]))


def _difference(rows: ir.Table, columns: Mapping[str, Mask], source: Source) -> ir.StringValue:
    """How a masked value differs from another department's, or from what its own row implies."""
    hidden = [name for name, kind in columns.items() if kind != "none"]
    compared = rows["other_source"].notnull() | rows["implied"].notnull()
    other = ibis.coalesce(rows["other_value"], rows["implied"])
    language, coded = source.reporting.language, coded_columns(source)
    codes = [
        (rows["column"] == name, how_codes_differ(rows["value"], other, table, language))
        for name, table in coded.items()
        if name in hidden
    ]
    words = how_they_differ(rows["value"], other, language)
    if codes:  # a library may have none that a mask hides
        words = ibis.cases(*codes, else_=words)
    return ibis.ifelse(compared & rows["column"].isin(hidden), words, ibis.null("string"))


def _beside(rows: ir.Table, source: Source) -> Mapping[str, Mapping[str, ir.StringValue]]:
    """Per rule about two columns of one row: the other one, its value, and what it implies."""
    found: dict[str, Mapping[str, ir.StringValue]] = {}
    for rule, implied in IMPLIED.items():
        name = other_column(source, rule)
        if name is not None and name in rows.columns:
            companion = f"{name}_{implied}"
            found[rule] = {
                "beside": ibis.literal(name),
                "beside_value": rows[name].cast("string"),
                "implied": rows[companion].cast("string")
                if companion in rows.columns
                else ibis.null("string"),
            }
    return found


def _findings(rows: ir.Table, source: Source, *, quarantined: bool) -> ir.Table:
    beside = _beside(rows, source)
    each = rows.select(
        **{f"{rule}_{name}": v for rule, its in beside.items() for name, v in its.items()},
        file=rows["_file"],
        line=rows["_line"],
        source_key=rows["source_key"],
        record_key=record_key(rows),
        finding=rows["findings"].unnest(),
    )
    finding = each["finding"]
    listed = each.select(
        "file",
        "line",
        "source_key",
        "record_key",
        column=finding["column"],
        rule=finding["rule"],
        severity=finding["severity"],
        value=finding["value"],
        is_quarantined=ibis.literal(quarantined),
        **{
            name: ibis.cases(
                *((finding["rule"] == rule, each[f"{rule}_{name}"]) for rule in beside),
                else_=ibis.null("string"),
            )
            for name in ("beside", "beside_value", "implied")
            if beside
        },
    )
    return _row(listed.filter(listed.severity != "info"))


def _reasons(quarantined: ir.Table, source: Source, columns: int | None) -> ir.Table:
    each = quarantined.select(
        file=quarantined["_file"],
        line=quarantined["_line"],
        source_key=quarantined["source_key"],
        record_key=record_key(quarantined),
        rule=quarantined["reasons"].unnest(),
        text=quarantined["record"]["_text"] if columns else ibis.null("string"),
    )
    if columns:
        each = each.mutate(value=line_fault(each.rule, each.text, source, columns))
    return _row(each.mutate(severity=ibis.literal("error"), is_quarantined=ibis.literal(True)))


def _disagreements(compared: ir.Table, staged: ir.Table, source: Source) -> ir.Table:
    """What was found between sources, of this one, with the line that delivered the record.

    One row for each issue: of several departments that say something else, the first by name.
    """
    mine = compared.filter(compared.source == source.name, compared.severity != "info")
    issue = ["source_key", "column_name", "rule"]
    rank = ibis.row_number().over(group_by=issue, order_by=["other_source", "other_value"])
    mine = mine.mutate(rank=rank).filter(lambda t: t["rank"] == 0)
    place = staged.select("source_key", file=staged["_file"], line=staged["_line"])
    joined = mine.left_join(place, "source_key")
    listed = joined.select(
        "file",
        "line",
        "source_key",
        "rule",
        "severity",
        "value",
        "other_source",
        "other_value",
        record_key=joined["source_key"],
        column=joined["column_name"],
    )
    return _row(listed.mutate(is_quarantined=ibis.literal(False)))


def _row(rows: ir.Table) -> ir.Table:
    """The columns of ``_ROW`` in their order; one that is not there is NULL."""
    return rows.select(
        **{
            name: rows[name].cast(kind) if name in rows.columns else ibis.null(kind)
            for name, kind in _ROW.items()
        }
    )


def is_no_secret(rows: ir.Table, name: str = "value") -> ir.BooleanValue:
    """Whether a value is shown as it is: it failed because it says nothing about anybody.

    A placeholder, a date of zeros, a short code that is in no code table; the last only if it is
    no word, or several rows have it: one alone may be a name that slipped into the column.
    """
    value = rows[name]
    short = value.length() <= _LONGEST_CODE
    no_name = value.re_search("^[0-9A-Za-z]+$") | (rows["shared"] >= _MANY)
    shown = (
        rows["rule"].isin(NO_SECRETS)
        | (rows["rule"].isin(WRONG_CODES) & short & no_name)
        | (rows["rule"].isin(_DATES) & value.re_search(_EMPTY_DATE))
    )
    return shown.fill_null(False)


def _mask_by_column(
    rows: ir.Table,
    name: str,
    columns: Mapping[str, Mask],
    by_rule: Mapping[str, Mask] = BY_RULE,
    at: str = "column",
) -> ir.Value:
    """Masked by its column's element; hidden altogether where the column is not known."""
    value = rows[name]
    branches = [(rows["rule"] == rule, mask(value, kind)) for rule, kind in by_rule.items()]
    kinds = sorted(set(columns.values()))
    of_kind = {kind: [c for c, its in columns.items() if its == kind] for kind in kinds}
    branches += [(rows[at].isin(names), mask(value, kind)) for kind, names in of_kind.items()]
    return ibis.cases(*branches, else_=mask(value, "all"))
