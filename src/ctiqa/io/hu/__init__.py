"""Convert stored values to HU, and check that numbers are HU."""
