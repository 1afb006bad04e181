"""Calibration of a model's scores to local readers: from a few dozen cases to a file."""
