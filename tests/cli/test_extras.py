"""Every command where an optional library is missing: told at once, or not needed at all."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import typer
from packaging.requirements import Requirement
from tests.cli.conftest import TIMEOUT_S, Run
from tests.score.made import one_slice

from ctiqa.cli.app import app
from ctiqa.system.extras import EXTRA_OF, is_installed

ROOT = Path(__file__).parents[2]

PROGRAM = """
import contextlib, io, json, sys

class Without:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        hidden = name.partition(".")[0] in names
        return None if hidden else self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)

names, commands = json.load(sys.stdin)
sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
from ctiqa.cli import main

found = {}
for key, words in commands.items():
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        try:
            main(words)
        except SystemExit as stop:
            found[key] = [int(stop.code or 0), complained.getvalue()]
print(json.dumps(found))
"""
"""All commands, one after the other, in one process that lacks some libraries."""

MODULE_OF = {
    "Pillow": "PIL",
    "PyWavelets": "pywt",
    "SQLAlchemy": "sqlalchemy",
    "argon2-cffi": "argon2",
    "binary": "psycopg_binary",
    "dask-jobqueue": "dask_jobqueue",
    "dicomweb-client": "dicomweb_client",
    "prometheus-client": "prometheus_client",
    "python-multipart": "python_multipart",
    "scikit-image": "skimage",
}
"""What is imported, where a package has another name."""

RECIPE = str(ROOT / "recipes" / "distiliqa-small.toml")
NATURAL = str(ROOT / "recipes" / "kadid10k.toml")
ON_DATA = ("--data", "data", "--out", "out")

NETWORKS = ("safetensors", "timm", "torch", "torchvision")
DRAWN = ("polars", "matplotlib")
TRAINING = (*DRAWN, *NETWORKS)
STORED = ("sqlalchemy", "alembic", "polars")
CONFIGURED = ("pydantic", "argon2", *STORED)
LISTENING = ("pydantic", "sqlalchemy", "alembic", "pynetdicom", "highdicom")
SERVING = (
    "alembic",
    "argon2",
    "fastapi",
    "itsdangerous",
    "jinja2",
    "polars",
    "prometheus_client",
    "pydantic",
    "python_multipart",
    "sqlalchemy",
    "uvicorn",
)

CHANGING = re.compile(r"Simulating: .*\n|[\w-]{43}")
"""What differs from run to run: progress, which slow computers show, and new tokens."""


@dataclass(frozen=True)
class Command:
    """A command, what it needs, and the package that the user is told to install."""

    words: tuple[str, ...]
    needs: tuple[str, ...] = ()
    package: str = "ctiqa[train]"
    status: int = 2
    """How it ends with everything installed: here mostly with a complaint about the data."""


COMMANDS = {
    "--help": Command(("--help",), status=0),
    "--version": Command(("--version",), status=0),
    "score": Command(
        ("score", "scan", "--engine", "onnxruntime", "--out", "r.json", "--out", "r.html"),
        status=0,
    ),
    "score table": Command(("score", "scan", "--out", "r.csv"), status=0),
    "score parquet": Command(
        ("score", "scan", "--out", "r.parquet"), ("polars",), "ctiqa[parquet]", 0
    ),
    "score openvino": Command(
        ("score", "scan", "--engine", "openvino"), ("openvino",), "ctiqa[fast]", 0
    ),
    "calibrate": Command(("calibrate", "none.csv", "scan", "--out", "c.json")),
    "diff": Command(
        ("diff", "scan", "scan", "--engine", "onnxruntime", "--out", "d.json", "--out", "d.html"),
        status=0,
    ),
    "benchmark": Command(
        ("benchmark", "--reference", "scan", "--input", "scan", "scan", "--out", "b")
    ),
    "dose-curve": Command(
        ("dose-curve", "scan", "--doses", "0.5", "--draws", "1", "--engine", "onnxruntime"),
        ("numba",),
        status=0,
    ),
    "info": Command(("info",), status=0),
    "prepare": Command(("prepare", RECIPE, "--root", "none", "--out", "out"), ("polars",)),
    "prepare audit": Command(
        ("prepare", RECIPE, "--root", "none", "--out", "out", "--audit", "audit.html"), DRAWN
    ),
    "prepare natural": Command(
        ("prepare", NATURAL, "--root", "none", "--out", "out"), ("polars", "PIL")
    ),
    "pretrain": Command(("pretrain", RECIPE, *ON_DATA), TRAINING),
    "train-teacher": Command(("train-teacher", RECIPE, *ON_DATA), TRAINING),
    "train-student": Command(("train-student", RECIPE, *ON_DATA), TRAINING),
    "evaluate": Command(("evaluate", "psnr", *ON_DATA), DRAWN),
    "evaluate run": Command(("evaluate", "run", *ON_DATA), TRAINING),
    "evaluate teacher": Command(("evaluate", "run:teacher", *ON_DATA), TRAINING),
    "export": Command(
        ("export", RECIPE, *ON_DATA, "--run", "run"), ("polars", *NETWORKS, "onnx", "onnxscript")
    ),
    "compare": Command(("compare", RECIPE, *ON_DATA), TRAINING),
    "ablate": Command(("ablate", "blocks", RECIPE, *ON_DATA), TRAINING),
    "survey run": Command(
        ("survey", "scan", "--store", "ct.sqlite", "--engine", "onnxruntime"),
        STORED,
        "ctiqa[clinic]",
        0,
    ),
    "survey list": Command(
        ("survey", "list", "scan", "--out", "m.csv"), STORED, "ctiqa[clinic]", 0
    ),
    "survey merge": Command(
        ("survey", "merge", "none", "--store", "m.sqlite"), STORED, "ctiqa[clinic]", 4
    ),
    "trends": Command(
        ("trends", "--store", "none.sqlite", "--out", "out"), STORED, "ctiqa[clinic]", 4
    ),
    "listen": Command(("listen", "--config", "none.toml"), LISTENING, "ctiqa[clinic]"),
    "serve": Command(("serve", "--config", "none.toml"), SERVING, "ctiqa[clinic]"),
    "config check": Command(("config", "check", "none.toml"), CONFIGURED, "ctiqa[clinic]"),
    "config example": Command(("config", "example"), CONFIGURED, "ctiqa[clinic]", 0),
    "config password": Command(("config", "password"), CONFIGURED, "ctiqa[clinic]"),
    "config token": Command(("config", "token"), CONFIGURED, "ctiqa[clinic]", 0),
    "weights list": Command(("weights", "list"), status=0),
    "weights verify": Command(("weights", "verify"), status=0),
    "weights import": Command(("weights", "import", "none.onnx")),
    "weights import-authors": Command(
        ("weights", "import-authors", "none.pt", "--system", "tfkt", "--out", "out"),
        NETWORKS,
        status=4,
    ),
}


def optional() -> dict[str, tuple[str, ...]]:
    """What every extra for users brings, by the names that are imported."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    needed = {extra: [Requirement(line) for line in lines] for extra, lines in extras.items()}
    named = {
        extra: [
            name for each in wanted if each.name != "ctiqa" for name in (each.name, *each.extras)
        ]
        for extra, wanted in needed.items()
        if extra not in {"dev", "docs", "test"}
    }
    return {extra: tuple(MODULE_OF.get(n, n) for n in names) for extra, names in named.items()}


EXTRAS = optional()


HIDDEN = {
    **EXTRAS,
    "every extra": tuple(name for names in EXTRAS.values() for name in names),
}
"""What is not installed, case by case."""


@dataclass
class World:
    """A folder with a scan, a data set that is none and a run that is none."""

    folder: Path
    seen: dict[tuple[str, ...], dict[str, tuple[int, str]]] = field(default_factory=dict)

    def without(self, names: tuple[str, ...]) -> dict[str, tuple[int, str]]:
        """Exit status and complaint of every command where some libraries are missing."""
        if names not in self.seen:
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM],
                input=json.dumps([names, {key: each.words for key, each in COMMANDS.items()}]),
                capture_output=True,
                text=True,
                check=True,
                timeout=TIMEOUT_S,
                cwd=self.folder,
            )
            self.seen[names] = {
                key: (status, CHANGING.sub("", complaint))
                for key, (status, complaint) in json.loads(done.stdout).items()
            }
        return self.seen[names]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    for name in ("scan", "data", "run"):
        (folder / name).mkdir()
    one_slice(folder / "scan")
    header = {"recipe": {}, "content_sha256": "0" * 64}
    (folder / "data" / "manifest.json").write_text(json.dumps(header), encoding="utf-8")
    (folder / "data" / "manifest.parquet").touch()
    return World(folder)


def names_of(group: typer.Typer, before: str = "") -> set[str]:
    """The words of all commands."""
    names = {
        f"{before}{each.name or getattr(each.callback, '__name__', '').replace('_', '-')}"
        for each in group.registered_commands
    }
    for each in group.registered_groups:
        assert each.typer_instance is not None
        names |= names_of(each.typer_instance, f"{before}{each.name} ")
    return names


def test_every_command_is_tried() -> None:
    assert names_of(app) <= set(COMMANDS)


def test_every_optional_library_is_known() -> None:
    brought = {name for modules in EXTRAS.values() for name in modules}
    assert brought == set(EXTRA_OF)
    for name, extra in EXTRA_OF.items():
        assert name in EXTRAS[extra]


@pytest.mark.parametrize("command", COMMANDS)
def test_with_every_library_that_it_needs(world: World, command: str) -> None:
    """What the other tests compare with."""
    each = COMMANDS[command]
    if absent := [name for name in each.needs if not is_installed(name)]:
        pytest.skip(f"needs {absent[0]}")
    status, complaint = world.without(())[command]
    assert status == each.status
    assert "pip install" not in complaint
    assert "bug" not in complaint


@pytest.mark.parametrize("extra", HIDDEN)
@pytest.mark.parametrize("command", COMMANDS)
def test_without_an_extra(world: World, command: str, extra: str) -> None:
    each, hidden = COMMANDS[command], HIDDEN[extra]
    status, complaint = world.without(hidden)[command]
    if missing := set(each.needs) & set(hidden):
        assert status == 2
        assert f"pip install '{each.package}'" in complaint
        assert any(name in complaint for name in missing)
        assert len(complaint.splitlines()) == 1
        assert not (world.folder / "out").exists()
    else:
        assert (status, complaint) == world.without(())[command]


@pytest.mark.parametrize(
    ("command", "library"),
    [(command, name) for command, each in COMMANDS.items() for name in each.needs],
)
def test_without_one_library(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch, command: str, library: str
) -> None:
    monkeypatch.chdir(world.folder)
    monkeypatch.setitem(sys.modules, library, None)
    each = COMMANDS[command]
    if absent := [name for name in each.needs if name != library and not is_installed(name)]:
        pytest.skip(f"needs {absent[0]}")
    done = run(*each.words)
    assert done.status == 2
    assert library in done.err
    assert f"pip install '{each.package}'" in done.err
    assert len(done.err.splitlines()) == 1
    assert not (world.folder / "out").exists()


@pytest.mark.parametrize("library", ["timm.models", "onnxscript", "numba"])
def test_a_library_that_is_missed_late_is_no_bug(
    run: Run, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ModuleNotFoundError(f"No module named {library!r}", name=library)

    monkeypatch.setattr("ctiqa.weights.load_model", fail)
    done = run("info")
    assert done.status == 2
    assert f"this needs {library.partition('.')[0]}, which is not installed" in done.err
    assert "pip install 'ctiqa[train]'" in done.err
    assert "bug" not in done.err
