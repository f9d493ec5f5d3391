"""The type of the fixture that publishes rows."""

from collections.abc import Callable

from pipelines.warehouse.base.publication import Publication

Publish = Callable[..., Publication]
