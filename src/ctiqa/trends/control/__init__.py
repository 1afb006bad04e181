"""Control charts: periods, limits from a baseline, alarms."""
