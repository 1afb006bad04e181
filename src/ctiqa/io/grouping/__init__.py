"""Group slices into series: geometry, duplicates, sorting."""
