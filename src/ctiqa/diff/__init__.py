"""Comparison of two scans on matched slices: differences with intervals, and a verdict in words."""
