"""The scans of trends: which count, and what is computed for each."""
