"""A comparison as JSON, CSV and HTML page."""
