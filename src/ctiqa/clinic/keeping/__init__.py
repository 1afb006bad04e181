"""Keeping of the spool: what arrived becomes series, and what is settled is removed."""
