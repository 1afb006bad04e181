"""Processor features, optional libraries, telemetry and import control."""
