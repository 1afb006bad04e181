"""The server: socket, limits of connections, start and stop."""
