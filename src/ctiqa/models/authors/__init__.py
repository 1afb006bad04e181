"""Checkpoints of the authors of the published systems."""
