"""The command line: one file a command, and the promise that no traceback reaches the user."""

from ctiqa.cli.app import main

__all__ = ["main"]
