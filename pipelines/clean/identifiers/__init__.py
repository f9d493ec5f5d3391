"""Identifiers of persons, organisations and licences. Each function returns a ``Parser``."""

from pipelines.clean.identifiers.citizen import citizen_id
from pipelines.clean.identifiers.fixed_form import fixed_form
from pipelines.clean.identifiers.holder import holder_code
from pipelines.clean.identifiers.licence import license_identifier
from pipelines.clean.identifiers.organization import organization_code, uscc
from pipelines.clean.identifiers.registration import registration_number

__all__ = [
    "citizen_id",
    "fixed_form",
    "holder_code",
    "license_identifier",
    "organization_code",
    "registration_number",
    "uscc",
]
