"""Data preparation of the papers: mixed doses and labels from full-reference metrics."""
