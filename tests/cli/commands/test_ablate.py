"""``ctiqa ablate`` as it is typed, on a data set and trainings of seconds."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.data.collection import Prepared, prepared_under

RECIPES = Path(__file__).parents[3] / "recipes"

RECIPE = """
name = "tiny"
members = 2
[data]
folds = 2
[network]
stem = [8, 8, 8, 8, 16]
blocks = 1
heads = 2
outputs = 2
[teacher]
steps = 2
batch = 4
validate_every = 2
[student]
steps = 2
batch = 4
validate_every = 2
distil_weight = 0.5
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepared_under(tmp_path_factory.getbasetemp())


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.toml"
    file.write_text(RECIPE)
    return file


def test_measured_and_published_tables_are_printed_and_written(
    run: Run, data: Prepared, recipe: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ("ablate", "members", recipe, "--data", data.out, "--out", out, "--device", "cpu")
    done = run(*words, "--only", "1 members", "--only", "2 members")
    assert done.status == 0
    written = (out / "members.md").read_text()
    measured, published = written.split("Published, not to be compared")
    assert "| 1 members | " in measured
    assert "2.6684" not in measured
    assert "| 1 members | 2.6684 | 0.9519 | 0.9376 | 0.7789 | 0.0499 | 0.0054 |" in published
    assert "| 2 members | 2.7536 |" in done.out + done.err
    assert "3 members" not in written


def test_variants_that_cannot_be_trained_are_named_with_the_way_out(
    run: Run, data: Prepared, recipe: Path, tmp_path: Path
) -> None:
    done = run("ablate", "members", recipe, "--data", data.out, "--out", tmp_path / "out")
    assert done.status == 2
    assert "--only NAME" in done.err
    assert "5 members" in done.err
    assert not (tmp_path / "out").exists()


def test_tfkts_phases_are_varied_in_its_own_recipe_alone(
    run: Run, data: Prepared, recipe: Path, tmp_path: Path
) -> None:
    where = ("--data", data.out, "--out", tmp_path / "out")
    done = run("ablate", "tfkt", recipe, *where)
    assert done.status == 2
    assert "network.kind must be 'tfkt'" in done.err
    done = run("ablate", "tfkt", RECIPES / "tfkt-small.toml", *where)
    assert done.status == 2
    assert "--natural" in done.err


def test_data_as_published_are_for_defects_of_data(
    run: Run, data: Prepared, recipe: Path, tmp_path: Path
) -> None:
    where = ("--data", data.out, "--out", tmp_path / "out", "--data-as-published", data.out)
    done = run("ablate", "members", recipe, *where)
    assert done.status == 2
    assert "leave it out" in done.err
