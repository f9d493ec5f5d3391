"""Nobody may connect or make temporary tables without a grant; locks are rows; audit is kept."""

from pathlib import Path

from alembic import op

from pipelines.warehouse.server.database import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    run_sql(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
