"""The commands of ``docs/tutorials.md``, read from it and run on miniatures."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage
from tests.data.scored_sets import write_csv, write_kadid, write_tif
from tests.io.make import uid, write_ct

from ctiqa.cli.app import run
from ctiqa.recipe import read_recipe
from ctiqa.types import HuImage

ROOT = Path(__file__).parents[1]

PAGE = (ROOT / "docs" / "tutorials.md").read_text(encoding="utf-8")

USERS = (ROOT / "docs" / "distiliqa-users.md").read_text(encoding="utf-8")

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""A block and its language; commands have none."""

SMALL = {
    "epochs": "1",
    "batch": "4",
    "blocks": "1\ndepth = 1",
    "backbone": '"vit_tiny_patch16_224"',
    "features": '"test_efficientnet"',
    "transformer": '"swin_v2_t"',
    "pretrained": '"none"',
}
"""What makes a recipe one of seconds; all other keys stay those of the repository."""

SIDE = 512


def commands(title: str) -> list[list[str]]:
    """Words of every command under a heading, as a reader copies them."""
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    typed = "".join(block for language, block in FENCE.findall(section) if not language)
    return [shlex.split(line) for line in typed.splitlines()]


def miniature(text: str) -> str:
    """A recipe whose trainings take seconds."""
    for key, value in SMALL.items():
        text = re.sub(rf"^{key} = .*$", f"{key} = {value}", text, flags=re.MULTILINE)
    return text


def slice_of(patient: int, number: int) -> HuImage:
    """A body of its own shape and organs; every slice of it with noise of its own."""
    rng = np.random.default_rng(patient)
    organs = ndimage.zoom(rng.normal(0, 60, (9, 9)), SIDE / 9, order=1)
    y, x = (np.mgrid[:SIDE, :SIDE] / SIDE - rng.uniform(0.4, 0.6, (2, 1, 1))) / rng.uniform(
        0.3, 0.45, (2, 1, 1)
    )
    body = np.where(x**2 + y**2 < 1, 40 + organs, -1000)
    noise = np.random.default_rng((patient, number)).normal(0, 10 + 25 * number, body.shape)
    return np.asarray((body + noise).clip(-1024, 1500), dtype=np.float32)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the recipes of the repository in miniature, where commands are typed."""
    (tmp_path / "recipes").mkdir()
    for file in (ROOT / "recipes").glob("*.toml"):
        text = miniature(file.read_text(encoding="utf-8"))
        (tmp_path / "recipes" / file.name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def type_all(title: str) -> None:
    words = commands(title)
    assert len(words) > 4, "the page has a block of commands a step"
    for program, *rest in words:
        assert program == "ctiqa"
        assert run(rest) == 0, " ".join(rest)


def test_from_the_challenges_folder_to_three_rows(desk: Path) -> None:
    learn = desk / "LDCTIQAG2023_train"
    count = 32
    for number in range(count):
        write_tif(learn / "image" / f"{number:04d}.tif", slice_of(number, number % 5))
    scores = {f"{k:04d}": round(4 - k % 5 + (k % 3) / 5 - 0.4, 1) for k in range(count)}
    scores = {name: min(max(score, 0), 4) for name, score in scores.items()}
    (learn / "train.json").write_text(json.dumps(scores))
    write_kadid(desk / "kadid10k", references=20, levels=1)
    type_all("From LDCTIQAG2023_train to three rows of a table")
    made = json.loads((desk / "table" / "metrics.json").read_text())
    assert [row["name"] for row in made["models"]] == ["distiliqa", "shen2025", "tfkt"]
    assert (desk / "table" / "index.html").stat().st_size > 10_000
    assert (desk / "table" / "distiliqa" / "accumulate_metrics.csv").exists()
    assert (desk / "challenge.html").exists()
    told = re.findall(r"`(runs/distiliqa/[\w./-]+\.\w+)`", USERS)
    assert len(told) > 7
    for file in told:
        assert (desk / file.replace("runs/distiliqa/evaluation", "table/distiliqa")).exists(), file


def test_from_a_csv_of_own_scores_to_a_model(desk: Path) -> None:
    rows = []
    for patient in range(1, 17):
        for number in range(1, 4):
            name = f"p{patient:02d}"
            file = write_ct(
                desk / "my-scans" / name / f"{number}.dcm",
                np.rint(slice_of(patient, number)).astype(np.int16),
                series=name,
                PixelSpacing=[0.7, 0.7],
                FrameOfReferenceUID=uid(name),
                z_mm=5.0 * number,
            )
            rows.append([f"{name}/{file.name}", 4 - number + patient % 3 / 4, name, "A"])
    write_csv(desk / "my-scans" / "labels.csv", ("path", "score", "patient", "reader"), rows)
    type_all("From a CSV of your own scores")
    card = json.loads((desk / "models" / "mine" / "distiliqa.json").read_text())
    assert card["label"] == "Scores of the user's own table.", "of the data that were there"
    assert (desk / "p01.html").exists()


@pytest.mark.parametrize("name", ["distiliqa", "shen2025", "tfkt"])
def test_miniatures_are_the_recipes_with_fewer_and_smaller_parts(name: str, desk: Path) -> None:
    """Else the commands would be tried with other recipes than those of the page."""
    small = read_recipe(desk / "recipes" / f"{name}.toml").as_dict()
    whole = read_recipe(ROOT / "recipes" / f"{name}.toml").as_dict()
    for table in ("network", "student", "teacher"):
        changed = {key for key, value in small[table].items() if value != whole[table][key]}
        assert changed <= {"depth", *SMALL}
    assert small["student"]["epochs"] == 1
    assert small["network"]["pretrained"] == "none"
    assert small["data"] == whole["data"]
    assert small["members"] == whole["members"]


def test_every_file_and_recipe_the_page_names_is_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
    for recipe in re.findall(r"recipes/[\w-]+\.toml", PAGE):
        assert (ROOT / recipe).exists(), recipe
