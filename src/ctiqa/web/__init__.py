"""The dashboard: scans, trends and health of a store as pages and as JSON."""
