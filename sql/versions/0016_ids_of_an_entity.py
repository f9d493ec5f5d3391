"""The log knows entities as consumers call them; one function tells all names of one."""

from pathlib import Path

from alembic import op

from pipelines.warehouse.server.database import run_sql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    run_sql(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
