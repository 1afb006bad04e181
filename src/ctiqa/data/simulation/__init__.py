"""Simulated degradations of clean slices, and their labels."""
