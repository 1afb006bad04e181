"""Reports: JSON, CSV, Parquet and HTML."""
