"""Failures of the shipped model on test patients, chosen by rules, for ``docs/trust.md``."""
