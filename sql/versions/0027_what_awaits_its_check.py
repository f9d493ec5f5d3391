"""A batch knows whether rows of it await their check."""

from pathlib import Path

from alembic import op

from pipelines.warehouse.server.database import run_sql

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    run_sql(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
