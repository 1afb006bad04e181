"""Ablations and comparisons: variants of a recipe, trained, measured and tabulated."""
