"""Scores by GB/T 36344: A and B of each indicator, and what they come to, for every batch."""

from pathlib import Path

from alembic import op

from pipelines.warehouse.server.database import run_sql

revision = "0003"
down_revision = "0005"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    run_sql(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
