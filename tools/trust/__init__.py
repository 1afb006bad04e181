"""Passages of ``docs/trust.md`` with numbers of the model card; see :mod:`tools.model_claims`."""
