"""What all pages share: rendering, words, conditions of addresses, rows of tables."""
