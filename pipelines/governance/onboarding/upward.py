"""Rows for the tables of the national service platform (``up_*``): which golden column feeds which.

Table and column names are those seen in public SQL of such reporting; what stands in no public copy
is not made up. ``cd_operation``: I, ``cd_batch``, ``cd_time``, ``data_source`` are common to all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import ibis
import ibis.expr.types as ir


@dataclass(frozen=True)
class UpwardTable:
    """One table: the library, its columns by golden columns, and which entities belong into it."""

    library: str
    columns: Mapping[str, str]
    prefixes: Sequence[str] = ()  # of the social credit code; none: all


_ORGANISATION = {
    "uscc": "uscc", "name": "organization_name", "legal_person": "legal_representative_name",
    "reg_money": "registered_capital", "address": "registered_address",
    "register_date": "establishment_date", "area_code": "region_code",
}  # fmt: skip
UP_TABLES: Mapping[str, UpwardTable] = {
    "up_uc_info_enterprise": UpwardTable(
        "legal_entity",
        {
            "uscc": "uscc", "name": "organization_name", "address": "registered_address",
            "approval_date": "approval_date", "register_date": "establishment_date",
            "end_date": "cancellation_date", "capital": "registered_capital",
            "industry": "industry_code",
        },
        ("91", "92", "93"),
    ),
    "up_uc_info_association": UpwardTable("legal_entity", _ORGANISATION, ("51", "52", "53")),
    "up_uc_info_central_dept": UpwardTable("legal_entity", _ORGANISATION, ("12",)),
    "up_lic_data": UpwardTable(
        "e_license",
        {
            "certificate_name": "license_name", "certificate_number": "license_number",
            "certificate_source_id": "license_identifier",
            "certificate_type_code": "license_type_code", "certificate_holder": "holder_name",
            "certificate_holder_code": "holder_code", "certificate_holder_type": "holder_type",
            "issue_dept": "issuer_name", "issue_dept_code": "issuer_uscc",
            "issue_date": "issue_date",
        },
    ),
}  # fmt: skip


def upward_rows(
    table: UpwardTable, core: ir.Table, batch: str, moment: datetime, data_source: str
) -> ir.Table:
    """The rows of a table out of golden records, all as text, in the order of their keys."""
    if table.prefixes:
        code = core.uscc.cast("string")
        core = core.filter(ibis.or_(*(code.startswith(each) for each in table.prefixes)))
    values = {name: core[golden].cast("string") for name, golden in table.columns.items()}
    common = {
        "cd_operation": ibis.literal("I"),
        "cd_batch": ibis.literal(batch),
        "cd_time": ibis.literal(f"{moment:%Y-%m-%d %H:%M:%S}"),
        "data_source": ibis.literal(data_source),
    }
    return core.order_by("entity_id").select(**values, **common)
