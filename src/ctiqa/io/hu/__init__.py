"""Whether numbers are HU, and how stored values become HU."""
