"""Parts of ``tools/validate_gate.py``."""
