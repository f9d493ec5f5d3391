"""What the service over HTTP needs: consumers' ids traced back for the log, disputes handed in."""

from pathlib import Path

from alembic import op

from pipelines.warehouse.server.database import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    run_sql(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
