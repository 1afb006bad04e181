"""The version of ctiqa, told here alone; packaging reads it from this file."""

__version__ = "0.1.0"
