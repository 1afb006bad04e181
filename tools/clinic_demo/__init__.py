"""A hospital on one computer: an archive, the listener, the dashboard, and two example series."""
