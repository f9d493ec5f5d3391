"""All pages, on one application."""

from plugins.pages import batches, city, governance, mails, publications, steward
from plugins.pages.site import app

__all__ = ["app", "batches", "city", "governance", "mails", "publications", "steward"]
