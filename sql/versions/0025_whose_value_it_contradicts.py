"""An issue between two sources knows the record of the other one."""

from pathlib import Path

from alembic import op

from pipelines.warehouse.server.database import run_sql

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    run_sql(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
