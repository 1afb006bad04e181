"""Text from outside: cleaned for the terminal, strict JSON."""
