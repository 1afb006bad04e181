"""Finding files, opening them, and telling what they are."""
