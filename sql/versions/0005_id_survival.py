"""What becomes of published ids, and who approved it; how each resolution ran."""

from pathlib import Path

from alembic import op

from pipelines.warehouse.server.database import run_sql

revision = "0005"
down_revision = "0006"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    run_sql(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
