"""PostgreSQL: tables, transactions, read queries, migrations, the embedded server."""
