"""``--mode``: one recipe file, with what the authors did or without."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.data.collection import Prepared, prepared_under

from ctiqa.cli.commands.train import recipe_of
from ctiqa.data.manifest import HEADER
from ctiqa.recipe import read_values, recipe_from

RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepared_under(tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("name", ["distiliqa", "shen2025-small", "tfkt"])
def test_the_option_says_what_the_key_would(name: str) -> None:
    file = RECIPES / f"{name}.toml"
    key = recipe_from({**read_values(file), "mode": "as-published"})
    assert recipe_of(file, "as-published") == key != recipe_of(file, None)
    assert recipe_of(file, "corrected") == recipe_of(file, None)


def test_data_without_published_mistakes_have_one_mode(run: Run, tmp_path: Path) -> None:
    words = ("--root", tmp_path, "--out", tmp_path / "data", "--mode", "as-published")
    ended = run("prepare", RECIPES / "distiliqa-small.toml", *words)
    assert ended.status == 2
    assert "'mode' must be 'corrected' for source 'simulate'" in ended.err


@pytest.mark.parametrize("command", ["train-teacher", "train-student"])
def test_a_system_of_our_own_has_one_mode(run: Run, tmp_path: Path, command: str) -> None:
    words = ("--data", tmp_path, "--out", tmp_path / "run", "--mode", "as-published")
    ended = run(command, RECIPES / "ctiqa-s4.toml", *words)
    assert ended.status == 2
    assert "mode must be 'corrected' where system is 'ctiqa'" in ended.err


@pytest.mark.parametrize("command", ["train-teacher", "train-student"])
def test_training_takes_the_mode(
    run: Run, prepared: Prepared, tmp_path: Path, command: str
) -> None:
    """Seen in what it refuses: corrected folds are not those of the authors."""
    data = tmp_path / "data"
    shutil.copytree(prepared.out, data)
    header = json.loads((data / HEADER).read_text())
    header["recipe"] = {"source": "ldctiqac2023", "mode": "corrected"}
    (data / HEADER).write_text(json.dumps(header))
    words = ("--data", data, "--out", tmp_path / "run", "--mode", "as-published")
    ended = run(command, RECIPES / "distiliqa-small.toml", *words)
    assert ended.status == 2
    assert "its labels and folds are corrected, the recipe's as-published" in ended.err


@pytest.mark.filterwarnings("always::FutureWarning")
def test_old_names_are_told_in_a_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "old.toml"
    text = (RECIPES / "distiliqa-small.toml").read_text()
    file.write_text(text.replace("backbone = ", "body = ").replace("ema_decay", "average"))
    ended = run("train-teacher", file, "--data", tmp_path / "none", "--out", tmp_path / "run")
    assert f"warning: recipe '{file}': 'network.body' is now 'network.backbone'\n" in ended.err
    assert ended.err.count("warning:") == 3
    assert "Warning: " not in ended.err
