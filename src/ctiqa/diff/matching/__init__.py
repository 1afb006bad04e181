"""Which slices of two scans are compared: by position, or by region and size."""
