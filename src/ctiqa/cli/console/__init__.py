"""Messages, tables, progress, signals and exit statuses of the commands."""
