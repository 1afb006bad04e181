"""The clinic: series come in by themselves, are scored, and their results go back."""
