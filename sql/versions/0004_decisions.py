"""The ledger of stewards' decisions, and what is measured from it.

``identity`` here holds what people decided; what machines decided is in the lake's namespace of
that name.
"""

from pathlib import Path

from alembic import op

from pipelines.warehouse.server.database import run_sql

revision = "0004"
down_revision = "0001"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    run_sql(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
