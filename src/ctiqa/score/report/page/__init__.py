"""The HTML page of a report, and what all HTML pages share."""
