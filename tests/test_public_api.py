"""What ``import ctiqa`` promises: names, types, and a start that costs nothing."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import assert_type

import pytest

import ctiqa
from ctiqa.errors import CtiqaError

ROOT = Path(__file__).parents[1]

PACKAGES = ("ctiqa", "ctiqa.metrics", "ctiqa.physics", "ctiqa.torch")
"""Whose ``__all__`` is public."""

LAZY = ("ctiqa", "ctiqa.metrics", "ctiqa.physics", "ctiqa.torch")
"""Those of them that load a name when it is asked for."""

WANTED = [
    "Acquisition",
    "ReadOptions",
    "Reason",
    "Report",
    "ScanScore",
    "Scorer",
    "Skipped",
    "Slice",
    "SliceHeader",
    "SliceRange",
    "SliceScore",
    "Window",
    "__version__",
    "read_scans",
    "stream_slices",
]


def python(program: str) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def typed_names(package: ModuleType) -> Iterator[tuple[str, str]]:
    """Module and name of what type checkers are shown instead of the lazy look-up."""
    tree = ast.parse(Path(str(package.__file__)).read_text(encoding="utf-8"))
    (block,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    for node in ast.walk(block):
        if isinstance(node, ast.ImportFrom):
            yield from ((str(node.module), alias.name) for alias in node.names)


def test_what_is_wanted_is_there() -> None:
    assert set(WANTED) <= set(ctiqa.__all__)
    raised = {
        name
        for name, value in inspect.getmembers(import_module("ctiqa.errors"), inspect.isclass)
        if issubclass(value, CtiqaError)
    }
    assert raised <= set(ctiqa.__all__)


@pytest.mark.parametrize("name", PACKAGES)
def test_names_are_listed_explained_and_all_there(name: str) -> None:
    package = import_module(name)
    assert list(package.__all__) == sorted(set(package.__all__), key=isort_key)
    assert set(package.__all__) <= set(dir(package))
    for each in package.__all__:
        value = getattr(package, each)
        assert inspect.getdoc(value), each


@pytest.mark.parametrize("name", ["ctiqa.metrics", "ctiqa.physics"])
def test_every_function_shows_how_it_is_called(name: str) -> None:
    package = import_module(name)
    functions = [each for each in package.__all__ if inspect.isfunction(getattr(package, each))]
    assert len(functions) > 10
    for each in functions:
        assert f"{each}(" in str(inspect.getdoc(getattr(package, each))).partition(">>>")[2], each


def isort_key(name: str) -> tuple[int, str]:
    """Constants, classes, functions: the order that ruff keeps."""
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return rank, name


@pytest.mark.parametrize("name", LAZY)
def test_type_checkers_see_what_is_loaded(name: str) -> None:
    package = import_module(name)
    shown = list(typed_names(package))
    for module, each in shown:
        assert getattr(package, each) is getattr(import_module(module), each), each
    parts = {each for module, each in shown if module == "ctiqa"}
    assert {each for _, each in shown} - parts == set(package.__all__) - {"__version__"}


def test_types_are_not_any() -> None:
    """Of interest to mypy, which refuses the file where one of them is."""
    assert_type(ctiqa.__version__, str)
    assert_type(ctiqa.Report({}, (), ()).scans, tuple[ctiqa.ScanScore, ...])
    assert_type(ctiqa.Window(400, 40).width_hu, float)


def test_star_import_takes_every_name_and_leaves_other_libraries_alone() -> None:
    taken: dict[str, object] = {}
    exec("from ctiqa import *", taken)  # noqa: S102 - cannot stand in a function
    assert set(ctiqa.__all__) == set(taken) - {"__builtins__"}
    assert "torch" not in taken


def test_importing_loads_nothing() -> None:
    loaded = python("import sys; a = set(sys.modules); import ctiqa; print(*set(sys.modules) - a)")
    assert set(loaded.split()) <= {
        "__future__",
        "ctiqa",
        "ctiqa.system",
        "ctiqa.system.lazy",
        "ctiqa.version",
    }


def test_listing_names_loads_nothing_and_needs_no_extra() -> None:
    program = "import sys; sys.modules['torch'] = None; import ctiqa; print(dir(ctiqa))"
    assert "'Scorer'" in python(program)
    assert python(f"{program}; print('numpy' in sys.modules)").endswith("False")


def test_parts_are_attributes() -> None:
    program = "import ctiqa; print(ctiqa.metrics.__name__, ctiqa.physics.__name__)"
    assert python(program) == "ctiqa.metrics ctiqa.physics"


def test_a_wrong_name_hints_at_the_right_one() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Scoring'; did you mean 'Scorer'"):
        getattr(ctiqa, "Scoring")  # noqa: B009 - a type checker knows that it is none


def test_the_version_is_told_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"]
    source = ROOT / project["tool"]["hatch"]["version"]["path"]
    assert re.findall(r'"(.+)"', source.read_text(encoding="utf-8"))[-1] == ctiqa.__version__
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {ctiqa.__version__}\n" in cited
