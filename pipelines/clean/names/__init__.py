"""Parsers of names, under the names that ``elements.yml`` gives them."""

from pipelines.clean.names.organizations import organization_name
from pipelines.clean.names.persons import person_name

__all__ = ["organization_name", "person_name"]
