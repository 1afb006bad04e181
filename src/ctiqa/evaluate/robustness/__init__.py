"""Robustness checks: perturbations that must not change a score, or must lower it."""
