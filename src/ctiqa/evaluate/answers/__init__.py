"""Evaluation of what a network answers besides the score."""
