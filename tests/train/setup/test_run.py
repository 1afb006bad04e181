from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.data.collection import RECIPE as DATA
from tests.data.collection import Prepared
from tests.data.scored_sets import write_kadid
from tests.train.tiny import RECIPE

from ctiqa.data.manifest import HEADER
from ctiqa.data.prepare import prepare
from ctiqa.errors import DataError
from ctiqa.recipe import AnswersNetwork, Kadid10kData
from ctiqa.train.setup.open_run import open_run

WHOLE = replace(RECIPE, data=DATA)


def test_a_run_knows_its_data(prepared: Prepared, tmp_path: Path) -> None:
    run = open_run(WHOLE, prepared.out, tmp_path)
    header = json.loads((prepared.out / HEADER).read_text())
    assert run.data == header["content_sha256"]
    assert set(run.train.column("split").tolist()) == {"train"}
    assert set(run.validation.column("purpose").tolist()) == {"example"}
    assert run.facts()["data"] == run.data
    assert "student" not in run.facts("student")["recipe"]


def test_natural_images_and_slices_are_told_apart(prepared: Prepared, tmp_path: Path) -> None:
    write_kadid(tmp_path / "kadid")
    recipe = Kadid10kData(folds=2)
    prepare(tmp_path / "kadid", tmp_path / "natural", recipe)
    with pytest.raises(DataError, match="must hold CT for this command, it holds natural images"):
        open_run(replace(WHOLE, data=recipe), tmp_path / "natural", tmp_path / "run")
    with pytest.raises(DataError, match="must hold natural images for this command, it holds CT"):
        open_run(WHOLE, prepared.out, tmp_path / "run", natural=True)
    natural = open_run(WHOLE, tmp_path / "natural", tmp_path / "run", natural=True)
    assert natural.examples.natural


def test_a_member_without_patients_is_noticed_before_training(
    prepared: Prepared, tmp_path: Path
) -> None:
    shutil.copytree(prepared.out, tmp_path / "data")
    more = replace(DATA, folds=3)
    header = tmp_path / "data" / HEADER
    values = json.loads(header.read_text())
    values["recipe"]["folds"] = 3
    header.write_text(json.dumps(values))
    three = replace(WHOLE, data=more, members=3, network=replace(WHOLE.network, outputs=3))
    with pytest.raises(DataError, match=r"3 teacher members .* leave fold 2 empty"):
        open_run(three, tmp_path / "data", tmp_path / "run")


@pytest.mark.parametrize(
    ("content", "said"), [("{", "cannot be read"), ("{}", "lacks recipe and content_sha256")]
)
def test_a_damaged_header(prepared: Prepared, tmp_path: Path, content: str, said: str) -> None:
    shutil.copytree(prepared.out, tmp_path / "data")
    (tmp_path / "data" / HEADER).write_text(content)
    with pytest.raises(DataError, match=said):
        open_run(WHOLE, tmp_path / "data", tmp_path / "run")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing' holds no finished data set; make one with"):
        open_run(WHOLE, tmp_path / "nothing", tmp_path / "run")


def test_starting_afresh_empties_the_training(prepared: Prepared, tmp_path: Path) -> None:
    (tmp_path / "student").mkdir()
    (tmp_path / "student" / "last.safetensors").write_bytes(b"old")
    kept = open_run(WHOLE, prepared.out, tmp_path).folder("student")
    assert (kept / "last.safetensors").exists()
    fresh = open_run(WHOLE, prepared.out, tmp_path, resume=False).folder("student")
    assert not (fresh / "last.safetensors").exists()


ANSWERS = replace(
    RECIPE,
    members=0,
    network=AnswersNetwork(stem=(8, 8, 8, 8, 16), blocks=1, heads=2, outputs=2),
)


def test_answers_that_the_data_do_not_know_are_noticed(prepared: Prepared, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_run(ANSWERS, prepared.out, tmp_path)
    said = str(caught.value)
    for name, weight in (("findings", 0.2), ("regions", 0.1)):
        assert (
            f"student: '{name}_weight' must be 0, got {weight}: the data set has no {name} to learn"
        ) in said
    assert "maps" not in said
    unasked = replace(ANSWERS.student, findings_weight=0.0, regions_weight=0.0)
    assert (
        open_run(replace(ANSWERS, student=unasked), prepared.out, tmp_path).recipe.student
        == unasked
    )


def test_steps_need_maps_of_noise(prepared: Prepared, tmp_path: Path) -> None:
    shutil.copytree(prepared.out, tmp_path / "data")
    for file in (tmp_path / "data").rglob("*.map.npy"):
        file.unlink()
    with pytest.raises(DataError) as caught:
        open_run(WHOLE, tmp_path / "data", tmp_path / "run")
    for name in ("teacher member 0", "student"):
        assert f"{name}: 'steps' needs maps of noise, which the data set lacks" in str(caught.value)


def test_answers_are_not_learned_in_epochs(prepared: Prepared, tmp_path: Path) -> None:
    epochs = replace(ANSWERS.student, epochs=1, validate_every=0)
    with pytest.raises(DataError, match="student: 'epochs' must be 0: a network with answers"):
        open_run(replace(ANSWERS, student=epochs), prepared.out, tmp_path)
