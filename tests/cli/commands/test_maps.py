"""``ctiqa score --maps``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import Run
from tests.io.volumes import stack, write_nifti
from tests.score.made import write_dicom, write_series
from tests.score.tiny_model import network, write_model


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that estimates local noise."""
    folder = tmp_path_factory.mktemp("mapped")
    return write_model(folder, "mapped", network=network(noise_map=True))


def test_maps_are_written_and_counted(run: Run, mapped: Path, tmp_path: Path) -> None:
    folder, maps = write_series(tmp_path / "scan", 3), tmp_path / "m"
    air = np.where(np.eye(256) > 0, -990, -1000).astype(np.float32)
    write_dicom(folder / "air.dcm", air, 9)
    done = run("score", folder, "--model", mapped, "--maps", maps)
    assert (done.status, done.err) == (0, "")
    assert f"Maps of local noise: 3 slices in {maps}; 1 without a score have none\n" in done.out
    assert len(list(maps.iterdir())) == 6


def test_no_patient_in_names_pictures_and_messages(run: Run, mapped: Path, tmp_path: Path) -> None:
    folder, maps = write_series(tmp_path / "scan", 2), tmp_path / "m"
    out = tmp_path / "r.html"
    done = run("score", folder, "--model", mapped, "--maps", maps, "--out", out)
    texts = [done.out, done.err, out.read_text(), *map(str, maps.iterdir())]
    assert "secret" not in "".join(texts).lower()
    pictures = [file.read_bytes() for file in maps.glob("*.png")]
    assert len(pictures) == 2
    assert not any(b"secret" in each.lower() for each in pictures)


def test_volumes_have_pictures_only(run: Run, mapped: Path, tmp_path: Path) -> None:
    file = write_nifti(tmp_path / "a.nii", stack().T)
    done = run("score", file, "--model", mapped, "--maps", tmp_path / "m")
    assert "Maps of local noise: 3 slices in" in done.out
    assert {each.suffix for each in (tmp_path / "m").iterdir()} == {".png"}


def test_quiet_writes_and_says_nothing(run: Run, mapped: Path, tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", 1)
    done = run("score", folder, "--model", mapped, "--maps", tmp_path / "m", "--quiet")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert len(list((tmp_path / "m").iterdir())) == 2


def test_a_model_without_map(run: Run, model: Path, tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", 1)
    done = run("score", folder, "--model", model, "--maps", tmp_path / "m")
    assert (done.status, done.out) == (2, "")
    assert "'maps' needs a model that estimates local noise, 'tiny' does not" in done.err
    assert not (tmp_path / "m").exists()


def test_a_folder_that_cannot_be(run: Run, mapped: Path, tmp_path: Path) -> None:
    folder, file = write_series(tmp_path / "scan", 1), tmp_path / "file"
    file.write_text("mine")
    for place, status in ((file, 4), (file / "m", 4), ("", 2)):
        done = run("score", folder, "--model", mapped, "--maps", place)
        assert (done.status, done.out) == (status, "")
        assert done.err.startswith("error: ")
    assert file.read_text() == "mine"


def test_a_full_disc_costs_the_maps_and_no_score(
    run: Run, mapped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out = os.fsync, tmp_path / "r.json"
    calls = iter([False, False, True])

    def full_once(handle: int) -> None:
        if next(calls, False):
            raise OSError(28, "No space left on device")
        whole(handle)

    monkeypatch.setattr(os, "fsync", full_once)
    folder = write_series(tmp_path / "scan", 3)
    done = run(
        "score", folder, "--model", mapped, "--jobs", "1", "--maps", tmp_path / "m", "--out", out
    )
    assert done.status == 4
    assert "No space left on device" in done.err
    assert "3 of 3 slices" in done.out
    assert "Maps of local noise: 1 slice in" in done.out
    assert json.loads(out.read_bytes())["scans"][0]["n_slices"] == 3
    assert len(list((tmp_path / "m").iterdir())) == 2
