"""What every request passes before its route: host, origin, size, headers."""
