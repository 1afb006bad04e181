"""No-reference metrics: global noise level, NIQE."""
