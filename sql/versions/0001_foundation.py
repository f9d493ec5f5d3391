"""Schemas, roles, and the tables of schema quality.

What is in ``base`` and ``share`` derives from the library declarations and is made from them by
``pipelines.warehouse.base.tables``; what is written by hand is here.
"""

from pathlib import Path

from alembic import op

from pipelines.warehouse.server.database import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the SQL file of the same name."""
    run_sql(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
