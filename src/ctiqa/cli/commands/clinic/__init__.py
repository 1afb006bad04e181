"""Commands of the clinic: a listener, a dashboard, and their configuration."""
