"""Scoring of the series in the queue."""
