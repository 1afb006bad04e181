"""Logs and curves of trainings."""
