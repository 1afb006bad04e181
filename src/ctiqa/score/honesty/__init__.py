"""What to keep in mind about a score, and which slices show no patient."""
