"""What the papers make of paired scans: mixtures of doses, labels by full-reference metrics."""
