"""Alembic's entry: runs the migrations on the connection that ``pipelines.warehouse`` hands over.

There is no ``alembic.ini``; run them with ``baselib db upgrade``.
"""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, version_table_schema="audit", transaction_per_migration=False
)
with context.begin_transaction():
    context.run_migrations()
