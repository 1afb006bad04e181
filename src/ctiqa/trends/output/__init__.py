"""The files of trends: page, tables and JSON."""
