"""How fast ctiqa is and how much memory it takes; run with ``make bench``."""
