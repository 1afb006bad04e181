"""How messages leave: webhook, e-mail, syslog."""
