"""The pictures of the answers: which slices they show, and what the page says of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tests.data.collection import patient_slice
from tests.score.made import header
from tests.score.tiny_model import write_model
from tools.answer_pictures import (
    EXPLAINED,
    GAP,
    MOST_BYTES,
    NARROW,
    TITLE,
    WIDE,
    WIDTH,
    Picture,
    choose,
    drawn,
    main,
    write,
)

from ctiqa.data.manifest import DRAWN, MANIFEST, SHARDS, Examples, finding_column, read_examples
from ctiqa.errors import DataError
from ctiqa.recipe.network import FINDINGS, REGIONS
from ctiqa.score.engines.protocol import Answers, ImageBatch
from ctiqa.types import SliceScore

SIDE = 256

PLACES = {"limb": "limb", "phantom": "phantom"}


def record(kind: str, number: int, **changes: Any) -> dict[str, Any]:
    """An example of one kind; the higher its number, the noisier."""
    patient = f"{kind}-{number}"
    return {
        "id": f"{patient}-{number}",
        "shard": patient,
        "row": 0,
        "purpose": "example",
        "split": "test",
        "patient": patient,
        "region": "chest",
        "fold": -1,
        "label": 2.0,
        "raw": 2.0,
        "total_noise_hu": 20.0 + number,
        "shows": PLACES.get(kind, "chest/abdomen"),
        "dose": 1.0,
        "views": 960,
        "kernel_half_per_mm": None,
        "artefact": None,
        "filter": None,
        "origin": DRAWN if kind == "phantom" else "a collection",
        "licence": "Apache-2.0" if kind == "phantom" else "CC BY 4.0 (a collection)",
        **{finding_column(name): float(name == kind) for name in FINDINGS},
    } | changes


def records() -> Iterator[dict[str, Any]]:
    for kind in EXPLAINED:
        # Two of the 21 candidates are noisier than the upper tenth.
        yield from (record(kind, number) for number in range(21))


def write_data(folder: Path, rows: list[dict[str, Any]]) -> Examples:
    folder.mkdir(exist_ok=True)
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / MANIFEST)
    return read_examples(folder)


def patients(examples: Examples) -> dict[str, str]:
    chosen = choose(examples)
    assert list(chosen) == list(EXPLAINED)
    return {kind: str(each.column("patient")[0]) for kind, each in chosen.items()}


def test_findings_are_plain_and_the_rest_is_typical(tmp_path: Path) -> None:
    found = patients(write_data(tmp_path, list(records())))
    assert found == {kind: f"{kind}-{18 if kind in FINDINGS else 10}" for kind in EXPLAINED}


@pytest.mark.parametrize(
    "changes",
    [
        {"split": "train"},
        {"purpose": "ladder"},
        {"dose": 0.4},
        {"licence": "BSD-3-Clause"},
        {"licence": "CC BY-NC 4.0"},
        {"shows": ""},
        {finding_column("metal"): 1.0},
        {finding_column("rings"): None},
    ],
)
def test_what_breaks_the_rule_is_not_shown(tmp_path: Path, changes: dict[str, Any]) -> None:
    rows = list(records())
    noisiest = [record("rings", number, **changes) for number in range(90, 99)]
    assert patients(write_data(tmp_path, rows + noisiest))["rings"] == "rings-18"


def test_other_findings_may_be_too_faint_to_tell(tmp_path: Path) -> None:
    rows = [row for row in records() if not row["patient"].startswith("rings")]
    faint = [record("rings", 3, **{finding_column("metal"): None})]
    assert patients(write_data(tmp_path, rows + faint))["rings"] == "rings-3"


def test_no_patient_is_shown_twice(tmp_path: Path) -> None:
    rows = [row for row in records() if row[finding_column("motion")] == 0]
    rows += [record("motion", 50, patient="metal-18")]
    found = patients(write_data(tmp_path, rows))
    assert found["motion"] == "metal-18"
    assert len(set(found.values())) == len(found)


def test_a_data_set_without_a_kind_is_refused(tmp_path: Path) -> None:
    rows = [row for row in records() if row["shows"] != "limb"]
    with pytest.raises(DataError, match="must hold a held-out example of 'limb'"):
        choose(write_data(tmp_path, rows))


def test_a_data_set_without_findings_is_refused(tmp_path: Path) -> None:
    rows = [{key: row[key] for key in row if "finding" not in key} for row in records()]
    with pytest.raises(DataError, match="must know what is wrong with its examples"):
        choose(write_data(tmp_path, rows))


class Engine:
    """Finds rings, streaks and perhaps motion in every chest that it is given."""

    def __init__(self, *_: Any) -> None:
        pass

    def answer(self, images: ImageBatch) -> Answers:
        findings = dict.fromkeys(FINDINGS, 0.02) | {"streaks": 0.73, "rings": 0.88, "motion": 0.27}
        return Answers(
            scores=np.array([[1.9, 2.1]], np.float32),
            log_noise_hu=np.full((1, *(side // 32 for side in images.shape[1:])), np.log(30), "f4"),
            log_equivalent_noise_hu=np.array([np.log(42)], np.float32),
            findings=np.array([[*findings.values()]], np.float32),
            regions=np.array([[name == "chest" for name in REGIONS]], np.float32),
        )


@pytest.mark.parametrize(
    ("judged", "score"),
    [
        (["chest"], "2.0 (1.7–2.3)"),
        (["abdomen"], "none (not a region that the model was trained to score)"),
    ],
)
def test_the_page_shows_every_picture_with_its_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judged: list[str], score: str
) -> None:
    rows = [record(kind, 0) for kind in EXPLAINED]
    data = write_data(tmp_path / "data", rows).folder
    (data / SHARDS).mkdir()
    hu, local = patient_slice(0, SIDE), np.full((SIDE // 32, SIDE // 32), np.log(20), np.float16)
    for row in rows:
        np.save(data / SHARDS / f"{row['shard']}.hu.npy", np.round(hu).astype(np.int16)[np.newaxis])
        np.save(data / SHARDS / f"{row['shard']}.map.npy", local[np.newaxis])
    docs = tmp_path / "docs"
    (docs / "images").mkdir(parents=True)
    monkeypatch.setattr("tools.answer_pictures.drawn", lambda picture: picture.kind.encode())
    monkeypatch.setattr("tools.answer_pictures.Engine", Engine)
    named = {"findings": FINDINGS, "regions": REGIONS, "judged": judged}
    assert write(str(write_model(tmp_path / "model", answers=named)), data, docs) == 0
    text = (docs / "answers.md").read_text(encoding="utf-8")
    assert text.count("\n| findings | **rings 88 %**, **streaks 73 %**, motion 27 % |") == len(rows)
    assert text.count(f"\n| score | {score} | 2.0 |") == len(rows)
    assert "\n| equivalent noise | 42 HU | 20 HU |" in text
    assert "| chest | chest or abdomen |" in text
    assert "beam hardening-0: 100 % of the dose, 960 views. Source: a collection, CC BY" in text
    for kind in EXPLAINED:
        name = f"answers-{kind.replace(' ', '-')}.webp"
        assert f"\n## {kind.capitalize()}\n" in text
        assert f"](images/{name})" in text
        assert (docs / "images" / name).read_text() == kind


def test_a_picture_is_small_and_shows_the_maps_in_colour() -> None:
    hu = patient_slice(0, SIDE, noise_hu=150)
    true = np.full((SIDE // 32, SIDE // 32), np.log(100), np.float32)
    true[:, 4:] = np.nan
    own = np.full_like(true, np.log(5))
    row, verdict = record("rings", 0), SliceScore(header(), 2.0, (1.0, 3.0))
    content = drawn(Picture("rings", row, hu, true, own, {}, verdict))
    assert len(content) <= MOST_BYTES
    image = Image.open(io.BytesIO(content))
    assert (image.format, image.width) == ("WEBP", WIDTH)
    pixels = np.asarray(image.convert("RGB"), dtype=float)
    half, middle = image.height // 2, WIDE + GAP + NARROW // 2
    estimated, truth = (part[:, WIDE + GAP : middle] for part in (pixels[:half], pixels[half:]))
    unknown = pixels[TITLE:half, middle + GAP : WIDE + GAP + NARROW]
    # Little noise is blue, much is yellow; where nothing is known, the slice stays grey.
    assert estimated[..., 2].mean() > 2 * estimated[..., 1].mean()
    assert truth[..., 1].mean() > 2 * truth[..., 2].mean()
    assert np.ptp(unknown, axis=-1).mean() < 10


def test_a_model_without_answers_has_no_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_model(tmp_path)
    monkeypatch.setattr("sys.argv", ["answer_pictures", "--model", str(file), "--docs", "nowhere"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 4
    assert "model 'tiny' answers nothing but the score" in capsys.readouterr().err
