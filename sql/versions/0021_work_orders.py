"""Issues and disputes are work orders that a system of a department pulls and answers."""

from pathlib import Path

from alembic import op

from pipelines.warehouse.server.database import run_sql

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    run_sql(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
