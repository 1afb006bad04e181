from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.score.tiny_model import write_model

import ctiqa
from ctiqa import weights
from ctiqa.catalog import DEFAULT_MODEL


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A packaged default model and an empty folder for imported ones."""
    monkeypatch.setattr(weights, "PACKAGED", tmp_path / "packaged")
    monkeypatch.setenv("CTIQA_MODELS", str(tmp_path / "imported"))
    write_model(tmp_path / "packaged", DEFAULT_MODEL)


def test_info_shows_the_card(run: Run) -> None:
    done = run("info")
    assert done.status == 0
    for expected in (
        "ctiqa-s4 1.0",
        "Apache-2.0",
        "Made here (3 patients, 30 slices; CC0)",
        "heads; children",
        "90% prediction interval",
        "Measured agreement on 300 slices of 12 patients",
        "2.910 (95 % CI 2.880–2.940)",
        "research use only",
    ):
        assert expected in done.out


def test_info_as_json_is_the_card_and_the_digest(run: Run, model: Path) -> None:
    content = json.loads(run("info", model, "--json").out)
    assert content["name"] == "tiny"
    assert content["sha256"] == weights.file_digest(model.read_bytes())


def test_list_and_verify(run: Run) -> None:
    assert run("weights", "list").out == "ctiqa-s4  1.0  packaged  Apache-2.0\n"
    assert run("weights", "verify").out.startswith("ctiqa-s4  ok  sha256 ")


def test_broken_model_is_listed_and_fails_verification(run: Run, tmp_path: Path) -> None:
    (tmp_path / "packaged" / f"{DEFAULT_MODEL}.json").write_text("{}")
    assert "ctiqa-s4  packaged  broken: ctiqa-s4.json is not" in run("weights", "list").out
    done = run("weights", "verify")
    assert done.status == 4
    assert "sha256 expected" in done.err


def test_import_makes_a_model_known(run: Run, tmp_path: Path) -> None:
    done = run("weights", "import", write_model(tmp_path / "usb", "clinic"))
    assert (done.status, done.out) == (0, f"imported clinic into {tmp_path / 'imported'}\n")
    assert run("info", "clinic").status == 0
    assert "clinic  1.0  imported" in run("weights", "list").out


def test_import_with_a_digest_by_hand(run: Run, tmp_path: Path) -> None:
    file = write_model(tmp_path / "usb", "clinic", hashes=False)
    done = run("weights", "import", file)
    assert done.status == 2
    assert "put its hashes.json beside it or pass --sha256" in done.err
    assert run("weights", "import", file, "--sha256", "0" * 64).status == 4
    assert not (tmp_path / "imported").exists()
    digest = weights.file_digest(file.read_bytes())
    assert run("weights", "import", file, "--sha256", digest).status == 0


@pytest.mark.parametrize("name", ["model.pt", "folder"])
def test_import_takes_onnx_alone(run: Run, name: str) -> None:
    done = run("weights", "import", name)
    assert done.status == 2
    assert "must be an .onnx file" in done.err


def test_version(run: Run) -> None:
    assert run("--version").out == f"ctiqa {ctiqa.__version__}\n"


@pytest.mark.parametrize("words", [[], ["--help"], ["score", "--help"], ["weights", "--help"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\nfrom ctiqa.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        "print([n for n in ('numpy', 'onnxruntime', 'pydicom', 'torch') if n in sys.modules])"
    )
    environment = os.environ | {"NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.rstrip().endswith("[]")
    assert "Usage" in done.stdout + done.stderr


def test_module_runs_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ctiqa.cli", "score", "nowhere.dcm"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {2, 4}
    assert "Traceback" not in done.stderr
