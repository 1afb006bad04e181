"""Untrusted text: cleaned for display, and strict JSON."""
