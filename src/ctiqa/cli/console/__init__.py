"""What commands show and how they end: messages, tables, progress, signals."""
