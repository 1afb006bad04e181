"""Passwords, sessions, tokens and addresses: what says who somebody is."""
