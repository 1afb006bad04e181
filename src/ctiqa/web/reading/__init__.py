"""The scans of the store in memory, as each viewer may see them."""
