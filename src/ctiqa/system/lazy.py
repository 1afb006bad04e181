"""Names that a package loads from its modules on first use (PEP 562).

This module imports nothing itself, so that importing it takes a fraction of a millisecond.
"""

from __future__ import annotations

TYPE_CHECKING = False
"""Type checkers treat this name as true; importing :mod:`typing` for it would take 8 ms."""

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def lazy(
    package: str, homes: Mapping[str, Sequence[str]], own: Sequence[str] = ()
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Make ``__getattr__`` and ``__dir__`` of a package.

    Args:
        package: ``__name__`` of the package.
        homes: Public names by the module that defines them; an empty list stands for the module
            itself.
        own: Names that the package itself defines.

    Returns:
        The two functions.

    >>> load, names = lazy("os", {"os.path": ["join"]})
    >>> names(), load("join").__name__
    (['join'], 'join')
    >>> load("jion")
    Traceback (most recent call last):
    ...
    AttributeError: module 'os' has no attribute 'jion'; did you mean 'join'?
    """
    home = {name: module for module, names in homes.items() for name in names}
    modules = {module.rpartition(".")[2]: module for module, names in homes.items() if not names}

    def load(name: str) -> object:
        if name in modules:
            return _module(modules[name])
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}{_hint(name, home)}")
        return getattr(_module(home[name]), name)

    def names() -> list[str]:
        return sorted([*own, *home, *modules])

    return load, names


def _module(name: str) -> object:
    from importlib import import_module  # noqa: PLC0415 - this module is imported at every start

    return import_module(name)


def _hint(name: str, known: Mapping[str, str]) -> str:
    """A similar name, if there is one; names with underscores are queried by tools."""
    if name.startswith("_"):
        return ""
    from difflib import get_close_matches  # noqa: PLC0415 - only for the message

    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
