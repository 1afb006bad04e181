"""Simulated artefacts: metal, beam hardening, motion, rings, starvation, truncation."""
