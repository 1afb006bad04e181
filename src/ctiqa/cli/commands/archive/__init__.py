"""Commands for many scans: surveys of archives, and what their results show over time."""
