"""What commands print as tables and summaries."""
