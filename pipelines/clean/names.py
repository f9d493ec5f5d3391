"""Parsers of names, under the names that ``elements.yml`` gives them."""

from pipelines.clean.organization_names import organization_name
from pipelines.clean.person_names import person_name

__all__ = ["organization_name", "person_name"]
