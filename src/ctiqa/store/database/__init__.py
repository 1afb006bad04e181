"""The database of a store: address, connection, tables, migrations, errors."""
