"""The version of ctiqa, defined only here; packaging reads it from this file."""

__version__ = "0.1.0"
