"""The Python reference: exactly the names in ``__all__``.

Packages are parsed, not imported, so the site can be built without PyTorch.
"""

from __future__ import annotations

import ast

from tools.site.docstrings import as_markdown
from tools.site.links import ROOT

PACKAGES = ("ctiqa", "ctiqa.metrics", "ctiqa.physics", "ctiqa.torch")
"""Packages whose ``__all__`` is public."""


def place_of(package: str) -> str:
    """The page of a package.

    >>> place_of("ctiqa.metrics")
    'reference/metrics.md'
    """
    return f"reference/{package.rpartition('.')[2]}.md"


def page(package: str) -> str:
    """Directives for mkdocstrings, one for every public name."""
    tree = _parsed(package)
    lines = [f"# {package}", as_markdown(ast.get_docstring(tree) or "")]
    lines += [f"::: {package}.{name}" for name in public(package)]
    return "\n\n".join(lines) + "\n"


def public(package: str) -> list[str]:
    """Public names of a package, without its version and packages that have their own page.

    Raises:
        ValueError: If the package has no list ``__all__``.
    """
    for node in _parsed(package).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return [
                each for each in names if each[:2] != "__" and f"{package}.{each}" not in PACKAGES
            ]
    raise ValueError(f"{package} must list its public names in __all__")


def _parsed(package: str) -> ast.Module:
    place = ROOT / "src" / package.replace(".", "/")
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))
