"""Benchmark of denoisers against a reference: measures, paired intervals and a verdict in words."""
