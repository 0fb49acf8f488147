"""Run by Alembic: migrates on the connection that `schema.upgrade` holds its lock on."""

from alembic import context

from towpath.storage import tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=tables.metadata, transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
