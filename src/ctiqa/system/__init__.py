"""The computer and the installation: processor, optional libraries, telemetry, imports."""
