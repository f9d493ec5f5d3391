"""The Iceberg catalogue: PyIceberg's SQL catalogue in schema ``iceberg`` of the warehouse."""

from collections.abc import Sequence
from contextlib import closing
from functools import cache

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io import PY_IO_IMPL
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from pipelines.lake.lock import table_lock
from pipelines.lake.paths import ROOT, WAREHOUSE, LakeFiles
from pipelines.settings import Settings
from pipelines.warehouse.server.database import database_url, sqlalchemy_url

SCHEMA = "iceberg"


def open_catalog(settings: Settings, namespaces: Sequence[str]) -> SqlCatalog:
    """Open the catalogue, making its schema, tables and ``namespaces`` when they are missing."""
    url = make_url(sqlalchemy_url(database_url(settings)))
    _make_catalog(url, tuple(namespaces))
    files = {
        ROOT: str(settings.lake_dir),
        PY_IO_IMPL: f"{LakeFiles.__module__}.{LakeFiles.__name__}",
    }
    return _catalog(url, warehouse=WAREHOUSE, **files)


def _catalog(url: URL, **properties: str) -> SqlCatalog:
    scoped = url.update_query_dict({"options": f"-csearch_path={SCHEMA}"})
    return SqlCatalog("baselib", uri=scoped.render_as_string(hide_password=False), **properties)


@cache
def _make_catalog(url: URL, namespaces: Sequence[str]) -> None:
    """Once in a process, which opens the catalogue for every stage."""
    engine = create_engine(url, poolclass=NullPool)
    with table_lock(engine, "catalogue"):  # so that tasks that start together do not collide
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        with closing(_catalog(url)) as catalog:
            present = {name[0] for name in catalog.list_namespaces()}
            for namespace in namespaces:
                if namespace not in present:
                    catalog.create_namespace(namespace)
