"""What a report said of a batch is kept with its mail, so that the next one compares with it."""

from pathlib import Path

from alembic import op

from pipelines.warehouse.server.database import run_sql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    run_sql(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
